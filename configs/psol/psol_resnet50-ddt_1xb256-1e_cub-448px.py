# Components over the published ResNet50, held as it is (VGG16 in the paper); its linear classifier is not used.
_base_ = [
    '../_base_/models/cam_resnet50.py',
    '../_base_/datasets/cub_224px_test448.py',
    '../_base_/schedules/psol_6e.py',
    '../_base_/default_runtime.py',
]
model = dict(backbone=dict(output_stride=32, freeze=True), head=dict(type='DDTHead', num_classes=200))
train_dataloader = dict(batch_size=256)
train_cfg = dict(max_epochs=1)
custom_hooks = [dict(type='DDTHook', pipeline=_base_.test_pipeline)]
