# On the keys of a trained transformer, which is held; a linear classifier beside the map learns for one epoch.
_base_ = [
    '../_base_/models/plaincait.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/default_runtime.py',
]
first = '{{$WSOLZOO_WORK_DIRS:work_dirs}}/ts-cam_plaincait_1xb32-6e_scenes-96px'
trained = dict(type='Pretrained', checkpoint=first + '/epoch_6.pth')
first_phase = dict(config='ts_cam/ts-cam_plaincait_1xb32-6e_scenes-96px.py')
model = dict(
    backbone=dict(out_stages=('keys', 'cls'), freeze=True, init_cfg=dict(**trained, prefix='backbone.')),
    head=dict(type='LOSTHead', num_classes=10, candidates=1 / 3, centre=True),
)
train_dataloader = dict(batch_size=32)
param_scheduler = []
train_cfg = dict(max_epochs=1, val_interval=1)
