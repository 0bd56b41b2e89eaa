# Suppression waits for the classifier: eight epochs of classification, then seven of all of BAS.
_base_ = './bas_plainnet-crops_1xb32-9e_scenes-96px.py'
custom_hooks = [
    dict(type='NormEvalHook', begin=8),
    dict(type='LossWeightHook', name='frg', begin=7),
    dict(type='LossWeightHook', name='bas', begin=7),
    dict(type='LossWeightHook', name='ac', begin=7),
]
param_scheduler = [_base_.warmup, _base_.cosine]
train_cfg = dict(max_epochs=15, val_interval=5)
