_base_ = [
    '../_base_/models/cam_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/default_runtime.py',
]
first = '{{$WSOLZOO_WORK_DIRS:work_dirs}}/cam_plainnet_1xb32-15e_scenes-96px'
trained = dict(type='Pretrained', checkpoint=first + '/epoch_15.pth')
first_phase = dict(
    config='cam/cam_plainnet_1xb32-15e_scenes-96px.py', labels=dict(folder=first + '/seeds', kind='seeds')
)
classifier = dict(type='CAMHead', init_cfg=dict(**trained, prefix='head.'))
weights = dict(seeds=1.0, size=0.0, colour=0.0, cls=1.0)
model = dict(
    backbone=dict(init_cfg=dict(**trained, prefix='backbone.')),
    head=dict(_delete_=True, type='PixelCAMHead', num_classes=10, classifier=classifier, loss_weight=weights),
)
seeds = dict(type='LoadPseudoLabels', folder=first + '/seeds', kind='seeds')
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=[seeds, *_base_.train_pipeline]))
