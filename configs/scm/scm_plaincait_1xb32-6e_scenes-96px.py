# From TS-CAM: nothing here teaches the class token to look but what it adds to the diffusion.
_base_ = [
    '../_base_/models/plaincait.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/after_tscam_6e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(out_stages=('attn', 'norm'), init_cfg=_base_.trunk),
    head=dict(type='SCMHead', num_classes=10, init_cfg=dict(**_base_.trained, prefix='head.')),
)
train_dataloader = dict(batch_size=32)
