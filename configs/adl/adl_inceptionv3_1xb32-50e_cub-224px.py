_base_ = [
    '../_base_/models/adl_inceptionv3.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/we_50e.py',
    '../_base_/default_runtime.py',
]
tuned = dict(drop_rate=0.69, gamma=0.86)
model = dict(
    backbone=dict(output_stride=16),
    head=dict(num_classes=200),
    necks={'Mixed_5d': tuned, 'Mixed_6e': tuned, 'head.conv2': tuned},
)
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=3.8655054e-4))
