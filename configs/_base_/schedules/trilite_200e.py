# A constant rate, ten times for the classifier of the class token. The source stops 10 epochs after the last progress.
faster = [dict(pattern='fc_cls', lr_mult=10)]
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-5, weight_decay=0.01),
    constructor='RegexOptimWrapperConstructor',
    paramwise_cfg=dict(rules=faster),
)
auto_scale_lr = dict(enable=False, base_batch_size=128)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=200, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='CalibratedTestLoop')
