# Components over the published VGG16, as it is; its linear classifier is not used.
_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/cub_224px_test448.py',
    '../_base_/schedules/psol_6e.py',
    '../_base_/default_runtime.py',
]
model = dict(backbone=dict(output_stride=32, conv6=False), head=dict(type='DDTHead', num_classes=200))
train_dataloader = dict(batch_size=256)
optim_wrapper = dict(paramwise_cfg=dict(rules=[dict(pattern='^backbone', lr_mult=0.0, decay_mult=0.0)]))
train_cfg = dict(max_epochs=1)
custom_hooks = [dict(type='DDTHook', pipeline=_base_.test_pipeline)]
