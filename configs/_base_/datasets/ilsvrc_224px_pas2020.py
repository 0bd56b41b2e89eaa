# ILSVRC as PaS tests it: the centre crop, and 0.35 of the 90th percentile.
_base_ = './ilsvrc_224px.py'
test_pipeline = [_base_.load, dict(type='Geometry', name='BAS', size=224), _base_.pack]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
val_evaluator = test_evaluator = dict(protocols=['pas2020'])
