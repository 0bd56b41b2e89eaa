# The first phase: a classifier, and the components that make its features into boxes.
_base_ = [
    '../_base_/models/cam_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(type='DDTHead', num_classes=10))
train_dataloader = dict(batch_size=32)
custom_hooks = [dict(type='DDTHook', pipeline=_base_.test_pipeline)]
