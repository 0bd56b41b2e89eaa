# On the frozen trunk of the shipped CAM, which class labels have trained.
_base_ = [
    '../_base_/models/cam_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
weights = 'configs/cam/cam_plainnet_1xb32-15e_scenes-96px_20261121-a22d9744.pth'
trained = dict(type='Pretrained', checkpoint=weights, prefix='backbone.')
head = dict(_delete_=True, type='TriHead', num_classes=10, loss_weight=dict(background=10.0), dropout=(0.0, 0.0))
model = dict(backbone=dict(freeze=True, init_cfg=trained), head=head)
train_dataloader = dict(batch_size=32)
