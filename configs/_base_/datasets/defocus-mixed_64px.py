# Maps from the drawn scenes and from the photographs: what labels there are worth.
_base_ = './defocus-scenes2pairs_64px.py'
train_dataloader = dict(dataset=dict(sources=[_base_.scenes, _base_.pairs]), sampler=dict(counts=(4, 8)))
