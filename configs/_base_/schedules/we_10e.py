_base_ = './we_50e.py'
param_scheduler = dict(milestones=[2, 5, 8])
train_cfg = dict(max_epochs=10, val_interval=1)
