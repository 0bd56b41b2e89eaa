# On the frozen trunk of a CAM, which class labels have trained.
_base_ = [
    '../_base_/models/cam_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/after_cam_6e.py',
    '../_base_/default_runtime.py',
]
head = dict(_delete_=True, type='TriHead', num_classes=10, loss_weight=dict(background=1.0), dropout=(0.0, 0.0))
model = dict(backbone=dict(freeze=True, init_cfg=_base_.trunk), head=head)
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=5e-3))
