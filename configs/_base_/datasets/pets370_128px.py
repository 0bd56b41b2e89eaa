# A part of the Oxford-IIIT Pet data set as one CSV file: 370 images with boxes and masks, here as cats and dogs,
# because its 148 training images are too few for 37 breeds.
_base_ = './localization.py'
data_root = '{{$WSOLZOO_DATA:../shared/data}}/wsol-open'
pets = dict(type='BoxCSV', data_root=data_root, subset='oxford_pets370', class_column='class')
learning = dict(**pets, split='train', holdout=3)
train_pipeline = [_base_.load, dict(type='Geometry', name='WE', size=128, train=True), _base_.pack]
test_pipeline = [_base_.load, dict(type='LoadMask'), dict(type='Geometry', name='WE', size=128), _base_.pack]
train_dataloader = dict(batch_size=16, dataset=dict(**learning, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**learning, held_out=True, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(**pets, split='test', pipeline=test_pipeline))
val_evaluator = test_evaluator = dict(protocols=['choe2020-v1', 'choe2020-v2', 'choe2020-pxap'])
