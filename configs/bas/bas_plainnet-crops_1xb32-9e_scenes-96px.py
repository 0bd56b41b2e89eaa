# Four epochs of classification, then all of BAS.
_base_ = [
    '../_base_/models/bas_plainnet-v1.py',
    '../_base_/datasets/scenes-crops_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=10))
train_dataloader = dict(batch_size=32)
custom_hooks = [
    dict(type='NormEvalHook', begin=4),
    dict(type='LossWeightHook', name='frg', begin=3),
    dict(type='LossWeightHook', name='bas', begin=3),
    dict(type='LossWeightHook', name='ac', begin=3),
]
param_scheduler = [_base_.warmup, dict(_base_.cosine, end=9)]
train_cfg = dict(max_epochs=9, val_interval=3)
