# The second phase: class maps on shallow times deep features, which become the masks of the third.
_base_ = [
    '../_base_/models/spol_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/default_runtime.py',
]
first = '{{$WSOLZOO_WORK_DIRS:work_dirs}}/cam_plainnet_1xb32-15e_scenes-96px'
first_phase = dict(config='cam/cam_plainnet_1xb32-15e_scenes-96px.py')
trained = dict(type='Pretrained', checkpoint=first + '/epoch_15.pth', prefix='backbone.')
model = dict(backbone=dict(init_cfg=trained), head=dict(num_classes=10))
train_dataloader = dict(batch_size=32)
