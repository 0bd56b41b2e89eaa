# A part of the Oxford-IIIT Pet data set as one CSV file: 370 images of 37 breeds with boxes and masks, four training
# images a breed. Small batches, which a processor's caches hold: a test is four times as fast as with 64.
_base_ = './localization.py'
data_root = '{{$WSOLZOO_DATA:../shared/data}}/wsol-open'
pets = dict(type='BoxCSV', data_root=data_root, subset='oxford_pets370', class_column='fine_class')
learning = dict(**pets, split='train', holdout=3)
test_pipeline = [_base_.load, dict(type='LoadMask'), dict(type='Geometry', name='WE'), _base_.pack]
train_dataloader = dict(batch_size=16, dataset=learning)
val_dataloader = dict(batch_size=16, dataset=dict(**learning, held_out=True, pipeline=test_pipeline))
test_dataloader = dict(batch_size=16, dataset=dict(**pets, split='test', pipeline=test_pipeline))
val_evaluator = test_evaluator = dict(protocols=['choe2020-v1', 'choe2020-v2', 'choe2020-pxap'])
