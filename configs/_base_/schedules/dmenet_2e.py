optim_wrapper = dict(
    constructor='ChildOptimWrapperConstructor',
    network=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3)),
    domain=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3)),
    sharpness=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3)),
)
param_scheduler = dict(
    type='CosineAnnealingLR', eta_min=1e-5, begin=0, end=2, by_epoch=True, convert_to_iter_based=True
)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=2, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
