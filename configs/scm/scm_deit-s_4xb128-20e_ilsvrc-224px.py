_base_ = [
    '../_base_/models/scm_deit-s.py',
    '../_base_/datasets/ilsvrc_224px.py',
    '../_base_/schedules/scm_20e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=1000))
train_dataloader = dict(batch_size=128)
val_evaluator = test_evaluator = dict(protocols=['tscam2021'])
