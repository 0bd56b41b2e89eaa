# CUB as BAS tests it: ten crops, and a fixed threshold, 0.15 unless the config says another.
_base_ = './cub_224px.py'
test_pipeline = [_base_.load, dict(type='Geometry', name='BAS', size=224, ten_crop=True), _base_.pack]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
val_evaluator = test_evaluator = dict(protocols=['bas-v1'], fixed={'bas-v1': 0.15})
