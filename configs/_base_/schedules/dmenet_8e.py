_base_ = './dmenet_6e.py'
param_scheduler = dict(end=8)
train_cfg = dict(max_epochs=8, val_interval=4)
