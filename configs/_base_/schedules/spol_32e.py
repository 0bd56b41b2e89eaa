# A constant rate, a tenth of it for the backbone.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.02, momentum=0.9, nesterov=True, weight_decay=1e-4),
    constructor='RegexOptimWrapperConstructor',
    paramwise_cfg=dict(rules=[dict(pattern='^backbone', lr_mult=0.1)]),
)
auto_scale_lr = dict(enable=False, base_batch_size=64)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=32, val_interval=4)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='CalibratedTestLoop')
