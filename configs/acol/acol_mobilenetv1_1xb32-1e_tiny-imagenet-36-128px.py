_base_ = [
    '../_base_/models/acol_mobilenetv1.py',
    '../_base_/datasets/tiny-imagenet-36_128px.py',
    '../_base_/schedules/finetune_1e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=_base_.start.trunk,
    head=dict(
        num_classes=36,
        mid_channels=(),
        init_cfg=dict(_base_.start.classes, layer='Conv2d'),
        loss_weight=1.0,
    ),
)
train_dataloader = dict(batch_size=32)
