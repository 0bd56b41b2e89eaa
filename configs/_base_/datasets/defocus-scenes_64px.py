# Built-in scenes alone, drawn as they are asked for: nothing to download. They play all three parts.
meta_keys = ('img_id', 'ori_shape', 'img_shape', 'domain', 'map_unit')
train_pipeline = [dict(type='DefocusAugment', size=64), dict(type='PackLocalization', meta_keys=meta_keys)]
test_pipeline = [dict(type='PackLocalization', meta_keys=meta_keys)]
train_dataloader = dict(
    batch_size=12,
    num_workers=0,
    dataset=dict(
        type='MultiSource',
        sources=[
            dict(type='DrawnDefocus', split='train', count=400, pipeline=train_pipeline),
            dict(
                type='DrawnDefocus',
                split='train',
                count=100,
                recipe=dict(seed=1),
                truth='mask',
                pipeline=train_pipeline,
            ),
            dict(
                type='DrawnDefocus',
                split='train',
                count=100,
                recipe=dict(seed=2),
                truth='none',
                pipeline=train_pipeline,
            ),
        ],
    ),
    sampler=dict(type='MultiSourceSampler', counts=(4, 4, 4)),
)
val_dataloader = dict(
    batch_size=10,
    num_workers=0,
    dataset=dict(type='DrawnDefocus', split='val', count=50, pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = dict(
    batch_size=10,
    num_workers=0,
    dataset=dict(type='DrawnDefocus', split='test', count=100, pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_evaluator = dict(type='DefocusError')
test_evaluator = dict(type='DefocusError')
