# Maps from drawn scenes; masks and unlabelled images from photographs, to which the network is to be adapted.
_base_ = './defocus-photos_128px.py'
small = [dict(_base_.augment, size=64), *_base_.drawn]
scenes = dict(_base_.scenes, pipeline=small)
photos = dict(_base_.photos, pipeline=small)
parts = [scenes, dict(photos, truth='mask'), dict(photos, truth='none')]
train_dataloader = dict(dataset=dict(sources=parts), sampler=dict(counts=(4, 2, 2)))
