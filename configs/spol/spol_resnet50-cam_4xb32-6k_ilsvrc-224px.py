# The second phase: class maps on shallow times deep features, which become the masks of the third.
_base_ = [
    '../_base_/models/spol_resnet50.py',
    '../_base_/datasets/ilsvrc_224px_spol2021.py',
    '../_base_/schedules/spol_6k.py',
    '../_base_/iterations_runtime.py',
]
model = dict(head=dict(num_classes=1000, loss_weight=dict(deep=0.0, soft=0.0, cls=1.0)))
train_dataloader = dict(batch_size=32)
