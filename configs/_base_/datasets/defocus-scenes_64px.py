# Built-in scenes alone: nothing to download.
_base_ = './defocus-photos_64px.py'
crisp = [dict(type='DefocusAugment', size=64, max_side=None), *_base_.drawn]
train_dataloader = dict(dataset=dict(sources=[dict(_base_.scenes, pipeline=crisp)]), sampler=dict(counts=(8,)))
drawn = dict(_delete_=True, type='ScenesDefocus', pipeline=_base_.drawn)
val_dataloader = dict(dataset=dict(**drawn, split='val', count=60, keep='data/defocus/scenes-val'))
test_dataloader = dict(batch_size=10, dataset=dict(**drawn, split='test', count=100, keep='data/defocus/scenes-test'))
