_base_ = [
    '../_base_/models/bas_mobilenetv1.py',
    '../_base_/datasets/cub_224px_bas-v1.py',
    '../_base_/schedules/bas_100e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    head=dict(num_classes=200, loss_weight=dict(frg=0.5, bas=1.0, ac=1.5)),
    losses=[dict(type='ClassAverageLoss', num_classes=200, map_size=(28, 28), loss_weight=0.1)],
    cam_class=200,
)
train_dataloader = dict(batch_size=32)
pipeline = [_base_.load, dict(type='Geometry', name='BAS', size=224), _base_.pack]
custom_hooks = [dict(type='ClassAverageHook', begin=100, pipeline=pipeline)]
param_scheduler = [
    dict(_base_.param_scheduler, milestones=[80, 180]),
    dict(type='MultiStepLR', milestones=[100], gamma=10.0, by_epoch=True),
]
train_cfg = dict(max_epochs=200)
# The second row is the paper's normalisation; choose q with tools/analysis_tools/search_normalizer.py.
percentile = dict(normalizer='percentile', arguments=dict(q=95))
row = dict(base='bas-v1', name='bas-v1-percentile', map=percentile, threshold=dict(policy='transferred'))
val_evaluator = test_evaluator = dict(protocols=['bas-v1', row])
