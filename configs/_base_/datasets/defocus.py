# What data sets for blur maps share: a batch from several sources to learn from, and blur that is known to judge with.
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'role', 'domain', 'map_unit')
load = [dict(type='LoadImage'), dict(type='LoadDefocusTruth')]
pack = [dict(type='PackLocalization', meta_keys=meta_keys)]
test_pipeline = [*load, *pack]
in_order = dict(type='DefaultSampler', shuffle=False)
train_dataloader = dict(
    num_workers=0, dataset=dict(type='MultiSource'), sampler=dict(type='MultiSourceSampler', counts=(4, 4, 4))
)
val_dataloader = dict(batch_size=10, num_workers=0, dataset=dict(pipeline=test_pipeline), sampler=in_order)
test_dataloader = dict(batch_size=1, num_workers=0, dataset=dict(role='test', pipeline=test_pipeline), sampler=in_order)
val_evaluator = test_evaluator = dict(type='DefocusError')
