# Oxford-IIIT Pet, 37 breeds, official lists; one trainval image in twenty is set apart for thresholds.
_base_ = './localization.py'
workers = dict(num_workers=2, persistent_workers=True)
pets = dict(type='ImageMaskFolder', data_root='data/oxford-iiit-pet')
learning = dict(**pets, ann_file='annotations/trainval.txt', holdout=20)
boxes = [dict(type='LoadMask', object_value=1, ignore_value=3), dict(type='BoxFromMask')]
test_pipeline = [_base_.load, *boxes, dict(type='Geometry', name='WE', size=224), _base_.pack]
train_dataloader = dict(**workers, dataset=learning)
val_dataloader = dict(**workers, dataset=dict(**learning, held_out=True, pipeline=test_pipeline))
test_dataloader = dict(**workers, dataset=dict(**pets, ann_file='annotations/test.txt', pipeline=test_pipeline))
val_evaluator = test_evaluator = dict(protocols=['choe2020-v1', 'choe2020-v2', 'choe2020-pxap'])
