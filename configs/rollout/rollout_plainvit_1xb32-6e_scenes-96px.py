_base_ = [
    '../_base_/models/plainvit.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/default_runtime.py',
]
first = '{{$WSOLZOO_WORK_DIRS:work_dirs}}/cam_plainnet_1xb32-15e_scenes-96px'
trained = dict(type='Pretrained', checkpoint=first + '/epoch_15.pth', prefix='backbone.')
first_phase = dict(config='cam/cam_plainnet_1xb32-15e_scenes-96px.py')
model = dict(
    backbone=dict(out_stages=('matrices', 'cls', 'norm'), init_cfg=trained),
    head=dict(type='RolloutHead', num_classes=10),
)
train_dataloader = dict(batch_size=32)
