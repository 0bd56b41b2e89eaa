_base_ = [
    '../_base_/models/bas_vgg16.py',
    '../_base_/datasets/cub_224px_bas-v1.py',
    '../_base_/schedules/bas_100e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=200, loss_weight=dict(frg=0.0, bas=1.0, ac=0.7)), cam_class=80)
train_dataloader = dict(batch_size=32)
