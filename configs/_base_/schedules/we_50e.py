# What is new learns ten times as fast; the rate falls by ten at the milestones.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, nesterov=True, weight_decay=5e-4),
    constructor='RegexOptimWrapperConstructor',
    paramwise_cfg=dict(rules=[dict(pattern='^head', lr_mult=10)]),
)
param_scheduler = dict(type='MultiStepLR', milestones=[14, 29, 44], gamma=0.1, by_epoch=True)
auto_scale_lr = dict(enable=False, base_batch_size=32)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=50, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='CalibratedTestLoop')
