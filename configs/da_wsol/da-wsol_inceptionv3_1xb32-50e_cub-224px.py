_base_ = [
    '../_base_/models/cam_inceptionv3.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/we_50e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    head=dict(num_classes=200),
    losses=[dict(type='DAWSOLLoss', loss_weight=dict(mmd=1.4, universum=4.0))],
)
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=2.24844746e-3))
