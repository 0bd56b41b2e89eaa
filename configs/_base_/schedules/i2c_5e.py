# From a network that classifies already, with the same head.
_base_ = './bas_100e.py'
param_scheduler = dict(milestones=[2, 3, 4])
auto_scale_lr = dict(base_batch_size=80)
train_cfg = dict(max_epochs=5, val_interval=1)
