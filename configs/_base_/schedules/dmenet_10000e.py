# Adam 1e-4, x 0.8 every 20 epochs, "until convergence": stop it when validation does not improve.
_base_ = './dmenet_6e.py'
adam = dict(optimizer=dict(lr=1e-4, betas=(0.9, 0.999)))
optim_wrapper = dict(network=adam, domain=adam, sharpness=adam)
param_scheduler = dict(_delete_=True, type='StepLR', step_size=20, gamma=0.8, by_epoch=True)
train_cfg = dict(max_epochs=10000, val_interval=1)
