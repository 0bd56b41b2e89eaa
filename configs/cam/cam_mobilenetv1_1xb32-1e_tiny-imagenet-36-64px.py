# Each class starts from all features, which softmax does not see and the map does.
_base_ = [
    '../_base_/models/cam_mobilenetv1.py',
    '../_base_/datasets/tiny-imagenet-36_64px.py',
    '../_base_/schedules/finetune_1e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(freeze='blocks.3.2', tf_padding='centred'),
    head=dict(num_classes=36, init_cfg=dict(type='Constant', layer='Linear', val=0.01)),
)
train_dataloader = dict(batch_size=32)
