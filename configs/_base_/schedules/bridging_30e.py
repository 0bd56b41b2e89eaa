_base_ = './we_50e.py'
param_scheduler = dict(milestones=[20])
train_cfg = dict(max_epochs=30)
custom_hooks = [
    dict(type='LossWeightHook', name='sim', begin=13, end=14),
    dict(type='LossWeightHook', name='norm', begin=13, end=14),
]
