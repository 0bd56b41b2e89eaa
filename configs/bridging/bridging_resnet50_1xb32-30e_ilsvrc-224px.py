_base_ = [
    '../_base_/models/bridging_resnet50.py',
    '../_base_/datasets/ilsvrc_224px.py',
    '../_base_/schedules/bridging_30e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    head=dict(
        num_classes=1000,
        sign='gt',
        regions=dict(fg=0.28, bg=0.25),
        loss_weight=dict(drop=2.0, sim=8.0, norm=1.0),
    )
)
train_dataloader = dict(batch_size=32)
rules = [dict(pattern='^head|layer4', lr_mult=10)]
optim_wrapper = dict(optimizer=dict(lr=1e-5, weight_decay=1e-4), paramwise_cfg=dict(rules=rules))
