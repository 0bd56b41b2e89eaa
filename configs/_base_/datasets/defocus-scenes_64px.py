# Built-in scenes alone, drawn on first use and kept: nothing to download.
_base_ = './defocus.py'
drawn = [dict(type='PackLocalization', meta_keys=('img_id', 'ori_shape', 'img_shape', 'role', 'domain', 'map_unit'))]
train_pipeline = [dict(type='DefocusAugment', size=64, max_side=None), *drawn]
scenes = dict(
    type='ScenesDefocus', split='train', count=1600, keep='data/defocus/scenes-train', pipeline=train_pipeline
)
train_dataloader = dict(dataset=dict(sources=[scenes]), sampler=dict(counts=(8,)))
val_dataloader = dict(
    dataset=dict(type='ScenesDefocus', split='val', count=60, keep='data/defocus/scenes-val', pipeline=drawn)
)
test_dataloader = dict(
    batch_size=10,
    dataset=dict(type='ScenesDefocus', split='test', count=100, keep='data/defocus/scenes-test', pipeline=drawn),
)
