train_pipeline = [dict(type='RandomFlip', prob=0.5), dict(type='PackLocalization')]
test_pipeline = [dict(type='PackLocalization')]
train_dataloader = dict(
    batch_size=32,
    num_workers=0,
    dataset=dict(type='WSOLScenes', split='train', cache=True, pipeline=train_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=50,
    num_workers=0,
    dataset=dict(type='WSOLScenes', split='val', cache=True, pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = dict(
    batch_size=50,
    num_workers=0,
    dataset=dict(type='WSOLScenes', split='test', cache=True, pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v1', 'choe2020-v2', 'choe2020-pxap'])
test_evaluator = val_evaluator
