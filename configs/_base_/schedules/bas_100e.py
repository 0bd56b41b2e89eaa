_base_ = './we_50e.py'
rules = [dict(pattern='^head', lr_mult=10, bias_lr_mult=20), dict(pattern='^backbone', bias_lr_mult=2)]
optim_wrapper = dict(paramwise_cfg=dict(rules=rules))
param_scheduler = dict(milestones=[80])
train_cfg = dict(max_epochs=100, val_interval=10)
