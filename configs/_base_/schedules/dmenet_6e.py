adam = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-3))
optim_wrapper = dict(constructor='ChildOptimWrapperConstructor', network=adam, domain=adam, sharpness=adam)
param_scheduler = dict(
    type='CosineAnnealingLR', eta_min=1e-5, begin=0, end=6, by_epoch=True, convert_to_iter_based=True
)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=6, val_interval=3)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
