_base_ = [
    '../_base_/models/dino_vit-s16.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/probe_1000e.py',
    '../_base_/default_runtime.py',
]
head = dict(type='TokenCutHead', num_classes=200, threshold=0.05, whole=True)
model = dict(backbone=dict(out_stages=('keys', 'cls')), head=head)
train_dataloader = dict(batch_size=256)
