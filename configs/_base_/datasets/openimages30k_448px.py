_base_ = './openimages30k_224px.py'
train_pipeline = [_base_.load, dict(type='Geometry', name='WE', size=448, train=True), _base_.pack]
test_pipeline = [_base_.load, _base_.masks, dict(type='Geometry', name='WE', size=448), _base_.pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
