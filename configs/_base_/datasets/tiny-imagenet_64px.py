# Tiny ImageNet: one training image in twenty is set apart for thresholds; report on the validation images.
data_root = 'data/tiny-imagenet-200'
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='Geometry', name='WE', size=64, train=True),
    dict(type='PackLocalization'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='Geometry', name='WE', size=64),
    dict(type='PackLocalization'),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='TinyImageNet',
        role='train-weaksup',
        split='train',
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
        type='TinyImageNet',
        role='train-fullsup',
        split='train',
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
        type='TinyImageNet',
        role='test',
        split='val',
        data_root=data_root,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
val_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v1', 'choe2020-v2'])
test_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v1', 'choe2020-v2'])
