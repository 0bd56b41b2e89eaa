_base_ = [
    '../_base_/models/bridging_vgg16.py',
    '../_base_/datasets/ilsvrc_224px.py',
    '../_base_/schedules/bridging_40e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    head=dict(
        num_classes=1000,
        sign='gt',
        regions=dict(fg=0.28, bg=0.25),
        loss_weight=dict(drop=3.0, sim=8.0, norm=1.0),
    )
)
train_dataloader = dict(batch_size=64)
rules = [dict(pattern='^head|conv6', lr_mult=5)]
optim_wrapper = dict(optimizer=dict(lr=2e-5), paramwise_cfg=dict(rules=rules))
