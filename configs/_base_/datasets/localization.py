# What data sets of photographs share: 224 pixels, labels to learn from, thresholds chosen on the validation part.
# A data set adds type, root and splits, `workers` where it is large, and says what it does differently.
load = dict(type='LoadImage')
pack = dict(type='PackLocalization')
train_pipeline = [load, dict(type='Geometry', name='WE', size=224, train=True), pack]
test_pipeline = [load, dict(type='Geometry', name='WE', size=224), pack]
in_order = dict(type='DefaultSampler', shuffle=False, round_up=False)
train_dataloader = dict(
    batch_size=32,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(role='train-weaksup', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=in_order,
    dataset=dict(role='train-fullsup', pipeline=test_pipeline, test_mode=True),
)
test_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=in_order,
    dataset=dict(role='test', pipeline=test_pipeline, test_mode=True),
)
val_evaluator = test_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v1', 'choe2020-v2'])
