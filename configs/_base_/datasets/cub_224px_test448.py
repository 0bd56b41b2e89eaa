# Tested on images of 448 pixels; trained and validated on 224.
_base_ = './cub_224px.py'
test_pipeline = [_base_.load, dict(type='Geometry', name='WE', size=448), _base_.pack]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
