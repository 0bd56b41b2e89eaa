# The first phase: the component of every class over the features of a trained classifier, which are held.
_base_ = [
    '../_base_/models/cam_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/after_cam_6e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(freeze=True, init_cfg=_base_.trunk),
    head=dict(type='DDTHead', num_classes=10, init_cfg=dict(**_base_.trained, prefix='head.')),
)
train_dataloader = dict(batch_size=32)
param_scheduler = []
train_cfg = dict(max_epochs=1, val_interval=1)
custom_hooks = [dict(type='DDTHook', pipeline=_base_.test_pipeline)]
