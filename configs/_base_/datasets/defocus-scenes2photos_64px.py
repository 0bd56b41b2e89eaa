# Maps from drawn scenes; masks and unlabelled images from photographs, to which the network is to be adapted.
_base_ = './defocus-photos_64px.py'
parts = [_base_.scenes, dict(_base_.photos, truth='mask'), dict(_base_.photos, truth='none')]
train_dataloader = dict(dataset=dict(sources=parts), sampler=dict(counts=(8, 4, 4)))
