# The last phase of the paper: the maps become boxes, and the boxes teach the regressor of PSOL.
_base_ = [
    '../_base_/models/psol_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/after_cam_6e.py',
    '../_base_/default_runtime.py',
]
folder = '{{$WSOLZOO_WORK_DIRS:work_dirs}}/c2am_plainnet_1xb32-6e_scenes-96px/boxes'
first_phase = dict(
    config='c2am/c2am_plainnet_1xb32-6e_scenes-96px.py',
    labels=dict(folder=folder, kind='boxes', rule='otsu', normalizer='clip'),
)
model = dict(
    backbone=dict(init_cfg=_base_.trunk),
    head=dict(num_classes=10, classifier=dict(init_cfg=_base_.trained)),
)
boxes = dict(type='LoadPseudoLabels', folder=folder, kind='boxes')
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=[boxes, *_base_.train_pipeline]))
