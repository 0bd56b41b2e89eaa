_base_ = './dmenet_6e.py'
param_scheduler = dict(end=4)
train_cfg = dict(max_epochs=4, val_interval=2)
