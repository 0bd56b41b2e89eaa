_base_ = [
    '../_base_/models/cam_resnet50.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/we_50e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    head=dict(num_classes=200),
    losses=[dict(type='DAWSOLLoss', loss_weight=dict(mmd=0.3, universum=2.0))],
)
train_dataloader = dict(batch_size=32)
rules = [dict(pattern='^head|layer4', lr_mult=10)]
optim_wrapper = dict(optimizer=dict(lr=1e-3, weight_decay=1e-4), paramwise_cfg=dict(rules=rules))
