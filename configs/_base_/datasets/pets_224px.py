# Oxford-IIIT Pet, 37 breeds, official lists; one trainval image in twenty is set apart for thresholds.
data_root = 'data/oxford-iiit-pet'
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='Geometry', name='WE', size=224, train=True),
    dict(type='PackLocalization'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask', object_value=1, ignore_value=3),
    dict(type='BoxFromMask'),
    dict(type='Geometry', name='WE', size=224),
    dict(type='PackLocalization'),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='ImageMaskFolder',
        role='train-weaksup',
        ann_file='annotations/trainval.txt',
        holdout=20,
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
        type='ImageMaskFolder',
        role='train-fullsup',
        ann_file='annotations/trainval.txt',
        holdout=20,
        held_out=True,
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
        type='ImageMaskFolder',
        role='test',
        ann_file='annotations/test.txt',
        data_root=data_root,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
val_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v1', 'choe2020-v2', 'choe2020-pxap'])
test_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v1', 'choe2020-v2', 'choe2020-pxap'])
