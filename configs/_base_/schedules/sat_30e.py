# The rate stays what it is: the published cosine is computed and never applied. Only biases and norms do not decay.
kept = [dict(pattern=r'bias$|norm\d?\.weight$', decay_mult=0.0)]
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.05),
    constructor='RegexOptimWrapperConstructor',
    paramwise_cfg=dict(rules=kept),
)
auto_scale_lr = dict(enable=False, base_batch_size=256)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=30, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='CalibratedTestLoop')
