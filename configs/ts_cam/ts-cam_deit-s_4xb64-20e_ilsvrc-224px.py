_base_ = [
    '../_base_/models/tscam_deit-s.py',
    '../_base_/datasets/ilsvrc_224px.py',
    '../_base_/schedules/tscam_20e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=1000, loss_weight=0.0))
train_dataloader = dict(batch_size=64)
val_evaluator = test_evaluator = dict(protocols=['tscam2021'], fixed={'tscam2021': 0.12})
