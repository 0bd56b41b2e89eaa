_base_ = [
    '../_base_/models/dmenet_vgg19.py',
    '../_base_/datasets/syndof_240px.py',
    '../_base_/schedules/dmenet_10000e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=9)
