_base_ = [
    '../_base_/models/psol_resnet50.py',
    '../_base_/datasets/cub_224px_spol2021.py',
    '../_base_/schedules/psol_6e.py',
    '../_base_/default_runtime.py',
]
work_dirs = '{{$WSOLZOO_WORK_DIRS:work_dirs}}'
trained = dict(type='Pretrained', checkpoint=work_dirs + '/cam_resnet50_1xb32-50e_cub-224px/epoch_50.pth')
folder = work_dirs + '/psol_resnet50-ddt_1xb256-1e_cub-448px/boxes'
above_zero = dict(normalizer=dict(type='max'), rule=dict(type='fixed', threshold=0.0))
labels = dict(folder=folder, kind='boxes', **above_zero)
first_phase = [
    dict(config='cam/cam_resnet50_1xb32-50e_cub-224px.py'),
    dict(config='psol/psol_resnet50-ddt_1xb256-1e_cub-448px.py', labels=labels),
]
model = dict(head=dict(num_classes=200, classifier=dict(init_cfg=trained)))
boxes = dict(type='LoadPseudoLabels', folder=folder, kind='boxes')
train_dataloader = dict(batch_size=256, dataset=dict(pipeline=[_base_.load, boxes, *_base_.train_pipeline[1:]]))
