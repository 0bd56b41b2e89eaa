# Built-in scenes alone, drawn as they are asked for: nothing to download. They play all three parts.
_base_ = './defocus.py'
meta_keys = ('img_id', 'ori_shape', 'img_shape', 'domain', 'map_unit')
test_pipeline = [dict(type='PackLocalization', meta_keys=meta_keys)]
train_pipeline = [dict(type='DefocusAugment', size=64), *test_pipeline]
scenes = dict(type='DrawnDefocus', split='train', pipeline=train_pipeline)
sources = [
    dict(**scenes, count=400),
    dict(**scenes, count=100, recipe=dict(seed=1), truth='mask'),
    dict(**scenes, count=100, recipe=dict(seed=2), truth='none'),
]
train_dataloader = dict(dataset=dict(sources=sources))
val_dataloader = dict(dataset=dict(type='DrawnDefocus', split='val', count=50, pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=10, dataset=dict(type='DrawnDefocus', split='test', count=100, pipeline=test_pipeline)
)
