# The same phases with six more epochs of suppression.
_base_ = './bas_plainnet-crops_1xb32-9e_scenes-96px.py'
param_scheduler = [_base_.warmup, _base_.cosine]
train_cfg = dict(max_epochs=15, val_interval=5)
