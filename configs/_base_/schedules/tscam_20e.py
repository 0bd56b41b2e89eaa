# On ILSVRC: down by ten at the start of epochs 10, 12 and 20.
_base_ = './tscam_60e.py'
optim_wrapper = dict(optimizer=dict(lr=5e-4))
param_scheduler = dict(milestones=[9, 11, 19])
auto_scale_lr = dict(base_batch_size=256)
train_cfg = dict(max_epochs=20)
