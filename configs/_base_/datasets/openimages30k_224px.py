# OpenImages30k: masks with regions to ignore, so the measure is PxAP.
data_root = 'data/openimages30k'
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='Geometry', name='WE', size=224, train=True),
    dict(type='PackLocalization'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask', ignore_value=None),
    dict(type='Geometry', name='WE', size=224),
    dict(type='PackLocalization'),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='OpenImages30k',
        role='train-weaksup',
        split='train',
        data_root=data_root,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='OpenImages30k',
        role='train-fullsup',
        split='val',
        data_root=data_root,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='OpenImages30k',
        role='test',
        split='test',
        data_root=data_root,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
val_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-pxap'])
test_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-pxap'])
