# Suppression waits for a classifier that has seen more: eight epochs of classification, then seven of all of BAS.
_base_ = [
    '../_base_/models/bas_plainnet-v1.py',
    '../_base_/datasets/scenes-crops_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=10))
train_dataloader = dict(batch_size=32, dataset=dict(count=12000))
custom_hooks = [
    dict(type='NormEvalHook', begin=8),
    dict(type='LossWeightHook', name='frg', begin=7),
    dict(type='LossWeightHook', name='bas', begin=7),
    dict(type='LossWeightHook', name='ac', begin=7),
]
