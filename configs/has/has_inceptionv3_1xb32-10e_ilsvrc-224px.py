_base_ = [
    '../_base_/models/cam_inceptionv3.py',
    '../_base_/datasets/ilsvrc_224px.py',
    '../_base_/schedules/we_10e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    head=dict(num_classes=1000),
    batch_augments=[dict(type='HaS', grid_size=32, drop_rate=0.5)],
)
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=3.606503e-4))
