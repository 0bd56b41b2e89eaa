# The same on images of 448 pixels.
_base_ = './cub_224px.py'
train_pipeline = [_base_.load, dict(type='Geometry', name='WE', size=448, resize=480, train=True), _base_.pack]
test_pipeline = [_base_.load, dict(type='Geometry', name='BAS', size=448, resize=480), _base_.pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
val_evaluator = test_evaluator = dict(protocols=['spol2021'])
