_base_ = [
    '../_base_/models/cam_vgg16.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
backbone = dict(output_stride=8, conv6=False, batch_norm=True, width=0.125, init_cfg=None)
model = dict(backbone=backbone, head=dict(num_classes=10))
train_dataloader = dict(batch_size=32)
