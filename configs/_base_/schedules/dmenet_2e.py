_base_ = './dmenet_6e.py'
param_scheduler = dict(end=2)
train_cfg = dict(max_epochs=2, val_interval=1)
