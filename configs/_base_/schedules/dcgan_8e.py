# Adam with little momentum, as published; both players at the same rate.
adam = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=5e-4, betas=(0.5, 0.999)))
optim_wrapper = dict(constructor='ChildOptimWrapperConstructor', generator=adam, discriminator=adam)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=8, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
