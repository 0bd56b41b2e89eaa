_base_ = [
    '../_base_/models/cam_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    head=dict(num_classes=10),
    losses=[dict(type='DAWSOLLoss', samples=8, loss_weight=dict(mmd=0.3, universum=2.0))],
)
train_dataloader = dict(batch_size=32)
# From random weights every position is background: adaptation begins once the classes are told apart.
custom_hooks = [
    dict(type='LossWeightHook', part='losses.0', name='mmd', begin=5, end=8),
    dict(type='LossWeightHook', part='losses.0', name='universum', begin=5, end=8),
]
