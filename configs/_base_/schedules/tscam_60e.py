# Tokens, positions, biases and norms do not decay; the rate falls by ten at the start of every 30th epoch.
kept = [dict(pattern=r'(cls_token|pos_embed|bias)$|norm\d?\.weight$', decay_mult=0.0)]
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=5e-5, weight_decay=0.05),
    constructor='RegexOptimWrapperConstructor',
    paramwise_cfg=dict(rules=kept),
)
param_scheduler = dict(type='MultiStepLR', milestones=[29, 59], gamma=0.1, by_epoch=True)
auto_scale_lr = dict(enable=False, base_batch_size=128)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=60, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='CalibratedTestLoop')
