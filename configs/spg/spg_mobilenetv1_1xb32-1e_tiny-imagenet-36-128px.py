_base_ = [
    '../_base_/models/spg_mobilenetv1.py',
    '../_base_/datasets/tiny-imagenet-36_128px.py',
    '../_base_/schedules/finetune_1e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=_base_.start.trunk,
    head=dict(
        num_classes=36,
        mid_channels=(128, 128),
        side_channels=(64, 64),
        loss_weight=dict(b2=1.0, b1=1.0, c=1.0),
    ),
)
train_dataloader = dict(batch_size=32)
