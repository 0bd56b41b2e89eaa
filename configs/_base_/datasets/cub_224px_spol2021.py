# CUB as PSOL and SPOL test it: the centre crop, IoU without an added pixel, above 0.5.
_base_ = './cub_224px.py'
test_pipeline = [_base_.load, dict(type='Geometry', name='BAS', size=224), _base_.pack]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
val_evaluator = test_evaluator = dict(protocols=['spol2021'])
