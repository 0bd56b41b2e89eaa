_base_ = './we_50e.py'
param_scheduler = dict(milestones=[10, 30])
train_cfg = dict(max_epochs=40)
custom_hooks = [
    dict(type='LossWeightHook', name='sim', begin=4, end=5),
    dict(type='LossWeightHook', name='norm', begin=4, end=5),
]
