_base_ = [
    '../_base_/models/bas_mobilenetv1.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/bas_100e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    head=dict(num_classes=200, weights=dict(frg=0.5, bas=1.0, ac=1.5), variant='v1-cub'),
    cam_class=200,
)
train_dataloader = dict(batch_size=32)
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='Geometry', name='BAS', size=224, ten_crop=True),
    dict(type='PackLocalization'),
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
val_evaluator = dict(protocols=['bas-v1'], fixed={'bas-v1': 0.15})
test_evaluator = dict(protocols=['bas-v1'], fixed={'bas-v1': 0.15})
