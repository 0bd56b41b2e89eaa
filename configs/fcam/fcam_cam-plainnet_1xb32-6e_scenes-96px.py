_base_ = [
    '../_base_/models/seeded_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/after_cam_6e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(init_cfg=_base_.trunk),
    head=dict(
        num_classes=10,
        classifier=dict(init_cfg=dict(**_base_.trained, prefix='head.')),
        loss_weight=dict(seeds=1.0, size=0.1, colour=0.1, cls=0.0),
    ),
)
train_dataloader = dict(batch_size=32)
custom_hooks = [dict(type='BarrierHook')]
