_base_ = [
    '../_base_/models/plainvit.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
head = dict(type='TokenCutHead', num_classes=10, threshold=0.2)
model = dict(backbone=dict(out_stages=('keys', 'cls', 'norm')), head=head)
train_dataloader = dict(batch_size=32)
