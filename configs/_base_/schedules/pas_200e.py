# What is new learns ten times as fast. The source multiplies the gradients of all else by 0.1, not their weight decay.
_base_ = './we_50e.py'
rules = [dict(pattern=r'^backbone\.(?!conv6)', lr_mult=0.1, decay_mult=10)]
optim_wrapper = dict(optimizer=dict(lr=3e-3), paramwise_cfg=dict(rules=rules))
param_scheduler = dict(milestones=[60, 120, 180])
auto_scale_lr = dict(base_batch_size=40)
train_cfg = dict(max_epochs=200, val_interval=10)
