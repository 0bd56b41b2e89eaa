_base_ = [
    '../_base_/models/tscam_plainvit.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=10, loss_weight=1.0))
train_dataloader = dict(batch_size=32)
