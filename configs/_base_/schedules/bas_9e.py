_base_ = './bas_100e.py'
param_scheduler = dict(milestones=[3, 6])
auto_scale_lr = dict(base_batch_size=128)
train_cfg = dict(max_epochs=9, val_interval=1)
