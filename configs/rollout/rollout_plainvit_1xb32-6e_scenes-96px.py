_base_ = [
    '../_base_/models/plainvit.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/after_cam_6e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(out_stages=('matrices', 'cls', 'norm'), init_cfg=_base_.trunk),
    head=dict(type='RolloutHead', num_classes=10),
)
train_dataloader = dict(batch_size=32)
