# For a network that starts from the zoo's weights.
_base_ = './adamw_15e.py'
optim_wrapper = dict(optimizer=dict(lr=5e-4))
param_scheduler = [_base_.warmup, dict(_base_.cosine, end=6)]
train_cfg = dict(max_epochs=6, val_interval=6)
