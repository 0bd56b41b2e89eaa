_base_ = [
    '../_base_/models/acol_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=10, threshold=0.83, loss_weight=1.0))
train_dataloader = dict(batch_size=32)
