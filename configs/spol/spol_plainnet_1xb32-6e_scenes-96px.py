_base_ = [
    '../_base_/models/spol-mask_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/default_runtime.py',
]
work_dirs = '{{$WSOLZOO_WORK_DIRS:work_dirs}}'
trained = dict(type='Pretrained', checkpoint=work_dirs + '/cam_plainnet_1xb32-15e_scenes-96px/epoch_15.pth')
folder = work_dirs + '/spol_plainnet-cam_1xb32-6e_scenes-96px/masks'
first_phase = dict(
    config='spol/spol_plainnet-cam_1xb32-6e_scenes-96px.py',
    labels=dict(folder=folder, kind='masks', rule='gaussian', normalizer='max'),
)
model = dict(
    backbone=dict(init_cfg=dict(**trained, prefix='backbone.')),
    head=dict(num_classes=10, classifier=dict(init_cfg=trained)),
)
masks = dict(type='LoadPseudoLabels', folder=folder, kind='masks')
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=[masks, *_base_.train_pipeline]))
