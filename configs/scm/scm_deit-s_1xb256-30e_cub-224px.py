_base_ = [
    '../_base_/models/scm_deit-s.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/scm_30e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=200))
train_dataloader = dict(batch_size=256)
val_evaluator = test_evaluator = dict(protocols=['tscam2021'])
