_base_ = [
    '../_base_/models/plainvit.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(backbone=dict(out_stages=('attn', 'norm')), head=dict(type='SCMHead', num_classes=10))
train_dataloader = dict(batch_size=32)
