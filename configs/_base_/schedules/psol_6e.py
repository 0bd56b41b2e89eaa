# A constant rate, 1e-3 for 256 images a step; the layers of the head learn twice as fast.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=1e-4),
    constructor='RegexOptimWrapperConstructor',
    paramwise_cfg=dict(rules=[dict(pattern='^head', lr_mult=2)]),
)
auto_scale_lr = dict(enable=False, base_batch_size=256)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=6, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='CalibratedTestLoop')
