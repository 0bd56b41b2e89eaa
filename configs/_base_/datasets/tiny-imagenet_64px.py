# Tiny ImageNet: one training image in twenty is set apart for thresholds; report on the validation images.
_base_ = './localization.py'
workers = dict(num_workers=2, persistent_workers=True)
images = dict(type='TinyImageNet', data_root='data/tiny-imagenet-200')
learning = dict(**images, split='train', holdout=20)
train_pipeline = [_base_.load, dict(type='Geometry', name='WE', size=64, train=True), _base_.pack]
test_pipeline = [_base_.load, dict(type='Geometry', name='WE', size=64), _base_.pack]
train_dataloader = dict(**workers, dataset=dict(**learning, pipeline=train_pipeline))
val_dataloader = dict(**workers, dataset=dict(**learning, held_out=True, pipeline=test_pipeline))
test_dataloader = dict(**workers, dataset=dict(**images, split='val', pipeline=test_pipeline))
