# OpenImages30k: masks with regions to ignore, so the measure is PxAP.
_base_ = './localization.py'
workers = dict(num_workers=2, persistent_workers=True)
images = dict(type='OpenImages30k', data_root='data/openimages30k')
masks = dict(type='LoadMask', ignore_value=None)
test_pipeline = [_base_.load, masks, dict(type='Geometry', name='WE', size=224), _base_.pack]
train_dataloader = dict(**workers, dataset=dict(**images, split='train'))
val_dataloader = dict(**workers, dataset=dict(**images, split='val', pipeline=test_pipeline))
test_dataloader = dict(**workers, dataset=dict(**images, split='test', pipeline=test_pipeline))
val_evaluator = test_evaluator = dict(protocols=['choe2020-pxap'])
