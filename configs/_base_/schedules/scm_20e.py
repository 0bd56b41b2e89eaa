# On ILSVRC our source gives the rate, the batch and the epochs, and no step.
_base_ = './tscam_60e.py'
optim_wrapper = dict(optimizer=dict(lr=1e-6))
param_scheduler = dict(milestones=[20])
auto_scale_lr = dict(base_batch_size=512)
train_cfg = dict(max_epochs=20)
