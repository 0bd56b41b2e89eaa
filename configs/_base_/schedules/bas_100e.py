optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, nesterov=True, weight_decay=5e-4),
    constructor='RegexOptimWrapperConstructor',
    paramwise_cfg=dict(
        rules=[dict(pattern='^head', lr_mult=10, bias_lr_mult=20), dict(pattern='^backbone', bias_lr_mult=2)]
    ),
)
param_scheduler = dict(type='MultiStepLR', milestones=[80], gamma=0.1, by_epoch=True)
auto_scale_lr = dict(enable=False, base_batch_size=32)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100, val_interval=10)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='CalibratedTestLoop')
