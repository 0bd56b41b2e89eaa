_base_ = [
    '../_base_/models/bas_mobilenetv1.py',
    '../_base_/datasets/cub_224px_bas-v1.py',
    '../_base_/schedules/bas_100e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=200, loss_weight=dict(frg=0.5, bas=1.0, ac=1.5)), cam_class=200)
train_dataloader = dict(batch_size=32)
