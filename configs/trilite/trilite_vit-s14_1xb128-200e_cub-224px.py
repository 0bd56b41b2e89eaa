_base_ = [
    '../_base_/models/trilite_vit-s14.py',
    '../_base_/datasets/cub_224px_test448.py',
    '../_base_/schedules/trilite_200e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=200, loss_weight=dict(background=100.0), dropout=(0.5, 0.5)))
train_dataloader = dict(batch_size=128)
val_evaluator = test_evaluator = dict(protocols=['choe2020-v1'])
