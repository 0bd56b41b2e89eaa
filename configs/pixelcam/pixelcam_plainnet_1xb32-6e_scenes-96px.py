_base_ = [
    '../_base_/models/cam_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/after_cam_6e.py',
    '../_base_/default_runtime.py',
]
first_phase = dict(labels=dict(folder=_base_.first + '/seeds', kind='seeds'))
classifier = dict(type='CAMHead', init_cfg=dict(**_base_.trained, prefix='head.'))
weights = dict(seeds=1.0, size=0.0, colour=0.0, cls=1.0)
model = dict(
    backbone=dict(init_cfg=_base_.trunk),
    head=dict(_delete_=True, type='PixelCAMHead', num_classes=10, classifier=classifier, loss_weight=weights),
)
seeds = dict(type='LoadPseudoLabels', folder=_base_.first + '/seeds', kind='seeds')
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=[seeds, *_base_.train_pipeline]))
