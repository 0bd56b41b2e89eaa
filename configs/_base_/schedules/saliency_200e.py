# The same for a hundred pictures.
_base_ = './saliency_6e.py'
param_scheduler = dict(end=200)
train_cfg = dict(max_epochs=200, val_interval=20)
