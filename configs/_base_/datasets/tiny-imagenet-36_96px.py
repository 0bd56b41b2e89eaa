# 36 classes of Tiny ImageNet, 60 training images of each, enlarged to 96 pixels: a schedule for a CPU.
data_root = 'data/tiny-imagenet-36'
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='Geometry', name='WE', size=96, train=True),
    dict(type='PackLocalization'),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='Geometry', name='WE', size=96),
    dict(type='PackLocalization'),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='TinyImageNet',
        role='train-weaksup',
        split='train',
        holdout=20,
        per_class=60,
        data_root=data_root,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='TinyImageNet',
        role='train-fullsup',
        split='train',
        holdout=20,
        held_out=True,
        per_class=15,
        data_root=data_root,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = dict(
    batch_size=64,
    num_workers=0,
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
