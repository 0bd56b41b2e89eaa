_base_ = [
    '../_base_/models/bas_vgg16.py',
    '../_base_/datasets/ilsvrc_224px.py',
    '../_base_/schedules/bas_9e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    head=dict(num_classes=1000, weights=dict(frg=0.05, bas=1.0, ac=1.0), variant='v1-ilsvrc'),
    cam_class='gt',
)
train_dataloader = dict(batch_size=32)
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='Geometry', name='BAS', size=224, ten_crop=True),
    dict(type='PackLocalization'),
]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
val_evaluator = dict(protocols=['bas-v1'], fixed={'bas-v1': 0.5})
test_evaluator = dict(protocols=['bas-v1'], fixed={'bas-v1': 0.5})
