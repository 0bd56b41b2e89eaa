# Adam 1e-4, x 0.8 every 20 epochs, "until convergence": stop it when validation does not improve.
optim_wrapper = dict(
    constructor='ChildOptimWrapperConstructor',
    network=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4, betas=(0.9, 0.999))),
    domain=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4, betas=(0.9, 0.999))),
    sharpness=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4, betas=(0.9, 0.999))),
)
param_scheduler = dict(type='StepLR', step_size=20, gamma=0.8, by_epoch=True)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=10000, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
