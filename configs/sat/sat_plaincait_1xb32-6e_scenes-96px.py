# All blocks are gated, so that the class token has nothing but what passed.
_base_ = [
    '../_base_/models/plaincait.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/after_cam_6e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(
        type='SpatialTokenPlainCaiT', looked_at=(0, 1, 2), out_stages=('attn', 'cls', 'norm'), init_cfg=_base_.trunk
    ),
    head=dict(type='SATHead', num_classes=10, area=0.25, loss_weight=dict(area=1.0, norm=1.0, token=1.0)),
)
train_dataloader = dict(batch_size=32)
