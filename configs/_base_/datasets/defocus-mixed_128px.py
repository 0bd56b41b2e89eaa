# Maps from photographs with a drawn depth, from scenes, and from photographs with a measured depth (of your own: those
# of data/defocus/pairs-test report, and are never learnt from).
_base_ = './defocus-photos_128px.py'
pairs = dict(
    type='GeneratedDefocus',
    data_root='data/defocus/pairs-train',
    pipeline=[*_base_.load, _base_.augment, *_base_.pack],
)
train_dataloader = dict(dataset=dict(sources=[_base_.photos, _base_.scenes, pairs]), sampler=dict(counts=(2, 1, 1)))
