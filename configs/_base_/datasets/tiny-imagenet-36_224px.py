# The same images enlarged to 224 pixels, as networks trained on ImageNet want them.
_base_ = './tiny-imagenet-36_96px.py'
pipeline = [_base_.load, dict(type='Geometry', name='WE', size=224), _base_.pack]
val_dataloader = dict(dataset=dict(pipeline=pipeline))
test_dataloader = dict(dataset=dict(pipeline=pipeline))
