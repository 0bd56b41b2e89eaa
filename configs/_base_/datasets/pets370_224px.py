# A part of the Oxford-IIIT Pet data set as one CSV file: 370 images, 37 breeds, boxes and masks.
data_root = '{{$WSOLZOO_DATA:../shared/data}}/wsol-open'
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='Geometry', name='WE', size=224, train=True),
    dict(type='PackLocalization'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(type='Geometry', name='WE', size=224),
    dict(type='PackLocalization'),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='BoxCSV',
        role='train-weaksup',
        split='train',
        subset='oxford_pets370',
        class_column='fine_class',
        data_root=data_root,
        holdout=3,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='BoxCSV',
        role='train-fullsup',
        split='train',
        subset='oxford_pets370',
        class_column='fine_class',
        data_root=data_root,
        holdout=3,
        held_out=True,
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
        type='BoxCSV',
        role='test',
        split='test',
        subset='oxford_pets370',
        class_column='fine_class',
        data_root=data_root,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
val_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v1', 'choe2020-v2', 'choe2020-pxap'])
test_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v1', 'choe2020-v2', 'choe2020-pxap'])
