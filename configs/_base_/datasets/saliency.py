# What data sets of salient objects share: whole pictures to judge on, mirrored ones of one size to learn from.
load = [dict(type='LoadImage'), dict(type='LoadSaliencyMask')]
pack = dict(type='PackLocalization')
test_pipeline = [*load, pack]
train_pipeline = [*load, dict(type='AntialiasResize', size=352), dict(type='RandomFlip', prob=0.5), pack]
whole_pipeline = [*load, dict(type='RandomFlip', prob=0.5), pack]
in_order = dict(type='DefaultSampler', shuffle=False)
train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    dataset=dict(role='train-fullsup', pipeline=train_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=1, num_workers=2, dataset=dict(role='train-fullsup', pipeline=test_pipeline), sampler=in_order
)
test_dataloader = dict(batch_size=1, num_workers=2, dataset=dict(role='test', pipeline=test_pipeline), sampler=in_order)
val_evaluator = dict(type='SaliencyMetric', keys=['maxF', 'adpF', 'S', 'MAE', 'maskF'])
test_evaluator = dict(type='SaliencyMetric', keys=['maxF', 'adpF', 'S', 'MAE', 'maskF'])
