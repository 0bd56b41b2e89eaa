_base_ = [
    '../_base_/models/bridging_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=10, loss_weight=dict(drop=2.0, sim=0.5, norm=0.5)))
train_dataloader = dict(batch_size=32)
