_base_ = [
    '../_base_/models/cam_mobilenetv1.py',
    '../_base_/datasets/tiny-imagenet-36_128px.py',
    '../_base_/schedules/finetune_1e.py',
    '../_base_/default_runtime.py',
]
model = dict(backbone=_base_.start.trunk, head=dict(num_classes=36, init_cfg=_base_.start.classes))
train_dataloader = dict(batch_size=32)
