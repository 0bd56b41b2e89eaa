# The same part of Oxford-IIIT Pet as cats and dogs at 128 pixels: its 148 training images are too few for 37 breeds.
data_root = '{{$WSOLZOO_DATA:../shared/data}}/wsol-open'
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='Geometry', name='WE', size=128, train=True),
    dict(type='PackLocalization'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadMask'),
    dict(type='Geometry', name='WE', size=128),
    dict(type='PackLocalization'),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='BoxCSV',
        role='train-weaksup',
        split='train',
        subset='oxford_pets370',
        class_column='class',
        data_root=data_root,
        holdout=3,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='BoxCSV',
        role='train-fullsup',
        split='train',
        subset='oxford_pets370',
        class_column='class',
        data_root=data_root,
        holdout=3,
        held_out=True,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='BoxCSV',
        role='test',
        split='test',
        subset='oxford_pets370',
        class_column='class',
        data_root=data_root,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
val_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v1', 'choe2020-v2', 'choe2020-pxap'])
test_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v1', 'choe2020-v2', 'choe2020-pxap'])
