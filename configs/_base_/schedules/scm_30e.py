_base_ = './tscam_60e.py'
param_scheduler = dict(milestones=[29])
auto_scale_lr = dict(base_batch_size=256)
train_cfg = dict(max_epochs=30)
