# The same 370 images at 224 pixels, with the 37 breeds for classes.
_base_ = './pets370_128px.py'
train_pipeline = [_base_.load, dict(type='Geometry', name='WE', size=224, train=True), _base_.pack]
test_pipeline = [_base_.load, dict(type='LoadMask'), dict(type='Geometry', name='WE', size=224), _base_.pack]
breeds = dict(class_column='fine_class')
train_dataloader = dict(dataset=dict(**breeds, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**breeds, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(**breeds, pipeline=test_pipeline))
