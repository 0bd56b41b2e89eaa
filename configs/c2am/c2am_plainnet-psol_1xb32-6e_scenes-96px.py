# The last phase of the paper: the maps become boxes, and the boxes teach the regressor of PSOL.
_base_ = [
    '../_base_/models/psol_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/default_runtime.py',
]
work_dirs = '{{$WSOLZOO_WORK_DIRS:work_dirs}}'
trained = dict(type='Pretrained', checkpoint=work_dirs + '/cam_plainnet_1xb32-15e_scenes-96px/epoch_15.pth')
folder = work_dirs + '/c2am_plainnet_1xb32-6e_scenes-96px/boxes'
first_phase = dict(
    config='c2am/c2am_plainnet_1xb32-6e_scenes-96px.py',
    labels=dict(folder=folder, kind='boxes', rule='otsu', normalizer='clip'),
)
model = dict(
    backbone=dict(init_cfg=dict(**trained, prefix='backbone.')),
    head=dict(num_classes=10, classifier=dict(init_cfg=trained)),
)
boxes = dict(type='LoadPseudoLabels', folder=folder, kind='boxes')
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=[boxes, *_base_.train_pipeline]))
