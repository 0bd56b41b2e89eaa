_base_ = [
    '../_base_/models/plainvit.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
head = dict(type='SATHead', num_classes=10, area=0.25, loss_weight=dict(area=1.0, norm=1.0))
model = dict(backbone=dict(type='SpatialTokenPlainViT', out_stages=('attn', 'norm')), head=head)
train_dataloader = dict(batch_size=32)
