_base_ = [
    '../_base_/models/c2am_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/default_runtime.py',
]
first = '{{$WSOLZOO_WORK_DIRS:work_dirs}}/cam_plainnet_1xb32-15e_scenes-96px'
trained = dict(type='Pretrained', checkpoint=first + '/epoch_15.pth')
first_phase = dict(config='cam/cam_plainnet_1xb32-15e_scenes-96px.py')
model = dict(
    backbone=dict(init_cfg=dict(**trained, prefix='backbone.')),
    head=dict(num_classes=10, classifier=dict(init_cfg=trained)),
)
train_dataloader = dict(batch_size=32)
