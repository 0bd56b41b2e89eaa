_base_ = [
    '../_base_/models/spol-mask_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/after_cam_6e.py',
    '../_base_/default_runtime.py',
]
folder = '{{$WSOLZOO_WORK_DIRS:work_dirs}}/spol_plainnet-cam_1xb32-6e_scenes-96px/masks'
first_phase = dict(
    config='spol/spol_plainnet-cam_1xb32-6e_scenes-96px.py',
    labels=dict(folder=folder, kind='masks', rule='gaussian', normalizer='max'),
)
model = dict(
    backbone=dict(init_cfg=_base_.trunk),
    head=dict(num_classes=10, classifier=dict(init_cfg=_base_.trained)),
)
masks = dict(type='LoadPseudoLabels', folder=folder, kind='masks')
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=[masks, *_base_.train_pipeline]))
