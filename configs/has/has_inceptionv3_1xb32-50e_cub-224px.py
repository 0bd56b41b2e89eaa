_base_ = [
    '../_base_/models/cam_inceptionv3.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/we_50e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(output_stride=16),
    head=dict(num_classes=200),
    batch_augments=[dict(type='HaS', grid_size=170, drop_rate=0.26)],
)
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=1.400558066e-2))
