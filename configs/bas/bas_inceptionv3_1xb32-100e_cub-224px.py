_base_ = [
    '../_base_/models/bas_inceptionv3.py',
    '../_base_/datasets/cub_224px_bas-v1.py',
    '../_base_/schedules/bas_100e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=200, loss_weight=dict(frg=0.5, bas=1.0, ac=1.0)), cam_class=200)
train_dataloader = dict(batch_size=32)
val_evaluator = test_evaluator = dict(fixed={'bas-v1': 0.1})
