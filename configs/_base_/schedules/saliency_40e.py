# The same for a hundred pictures.
_base_ = './saliency_6e.py'
param_scheduler = dict(end=40)
train_cfg = dict(max_epochs=40, val_interval=10)
