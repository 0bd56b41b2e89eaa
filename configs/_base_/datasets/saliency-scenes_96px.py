# The built-in scenes: the animal is what stands out. Nothing to download.
scenes = dict(type='ScenesSaliency', cache=True)
whole = dict(batch_size=50, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
train_pipeline = [dict(type='RandomFlip', prob=0.5), dict(type='PackLocalization')]
test_pipeline = [dict(type='PackLocalization')]
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    dataset=dict(**scenes, split='train', pipeline=train_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(**whole, dataset=dict(**scenes, split='val', pipeline=test_pipeline))
test_dataloader = dict(**whole, dataset=dict(**scenes, split='test', pipeline=test_pipeline))
val_evaluator = dict(type='SaliencyMetric', keys=['maxF', 'adpF', 'S', 'MAE', 'maskF'])
test_evaluator = dict(type='SaliencyMetric', keys=['maxF', 'adpF', 'S', 'MAE', 'maskF'])
