_base_ = [
    '../_base_/models/fcn_vgg16.py',
    '../_base_/datasets/duts_352px.py',
    '../_base_/schedules/fcn_30e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=8)
