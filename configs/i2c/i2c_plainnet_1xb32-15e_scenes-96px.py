_base_ = [
    '../_base_/models/cam_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    head=dict(num_classes=10),
    losses=[dict(type='I2CLoss', loss_weight={'local': 0.008, 'global': 0.01})],
)
train_dataloader = dict(batch_size=32, sampler=dict(_delete_=True, type='PairedClassSampler'))
# Features that tell nothing yet are the same everywhere soonest: consistency begins once the classes are told apart.
custom_hooks = [
    dict(type='LossWeightHook', part='losses.0', name='local', begin=5, end=8),
    dict(type='LossWeightHook', part='losses.0', name='global', begin=5, end=8),
]
