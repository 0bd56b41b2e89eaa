_base_ = [
    '../_base_/models/pas_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=10, threshold=0.225))
train_dataloader = dict(batch_size=32)
