_base_ = '../bas/bas_mobilenetv1_1xb32-100e_cub-224px.py'
model = dict(losses=[dict(type='ClassAverageLoss', num_classes=200, map_size=(28, 28), weight=0.1)])
custom_hooks = [
    dict(
        type='ClassAverageHook',
        begin=100,
        pipeline=[
            dict(type='LoadImage'),
            dict(type='Geometry', name='BAS', size=224),
            dict(type='PackLocalization'),
        ],
    )
]
param_scheduler = [
    dict(type='MultiStepLR', milestones=[80, 180], gamma=0.1, by_epoch=True),
    dict(type='MultiStepLR', milestones=[100], gamma=10.0, by_epoch=True),
]
train_dataloader = dict(batch_size=32)
train_cfg = dict(max_epochs=200)
# The second row is the paper's normalisation; choose q with tools/analysis_tools/search_normalizer.py.
percentile = dict(normalizer='percentile', arguments=dict(q=95))
protocols = [
    'bas-v1',
    dict(base='bas-v1', name='bas-v1-percentile', map=percentile, threshold=dict(policy='transferred')),
]
val_evaluator = dict(protocols=protocols)
test_evaluator = dict(protocols=protocols)
