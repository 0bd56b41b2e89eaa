# CUB-200-2011: labels of the official training images; thresholds on CUBV2; report on the official test images.
data_root = 'data/cub'
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='Geometry', name='WE', size=224, train=True),
    dict(type='PackLocalization'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='Geometry', name='WE', size=224),
    dict(type='PackLocalization'),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='CUB',
        role='train-weaksup',
        split='train',
        data_root=data_root + '/CUB_200_2011',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='CUBV2',
        role='train-fullsup',
        data_root=data_root,
        ann_file='metadata/val',
        data_prefix=dict(img_path='CUBV2'),
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
        type='CUB',
        role='test',
        split='test',
        data_root=data_root + '/CUB_200_2011',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
val_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v1', 'choe2020-v2'])
test_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v1', 'choe2020-v2'])
