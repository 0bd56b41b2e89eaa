_base_ = './we_50e.py'
param_scheduler = dict(milestones=[40, 60], gamma=0.2)
train_cfg = dict(max_epochs=70)
custom_hooks = [
    dict(type='LossWeightHook', name='sim', begin=19, end=20),
    dict(type='LossWeightHook', name='norm', begin=19, end=20),
]
