# The second phase: class maps on shallow times deep features, which become the masks of the third.
_base_ = [
    '../_base_/models/spol_resnet50.py',
    '../_base_/datasets/cub_224px_spol2021.py',
    '../_base_/schedules/spol_32e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=200, loss_weight=dict(deep=0.5, soft=0.5, cls=0.0)))
train_dataloader = dict(batch_size=64)
