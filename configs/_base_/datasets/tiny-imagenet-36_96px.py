# 36 classes of Tiny ImageNet, 60 training images of each, enlarged to 96 pixels: a schedule for a CPU.
_base_ = './localization.py'
images = dict(type='TinyImageNet', data_root='data/tiny-imagenet-36')
learning = dict(**images, split='train', holdout=20)
train_pipeline = [_base_.load, dict(type='Geometry', name='WE', size=96, train=True), _base_.pack]
test_pipeline = [_base_.load, dict(type='Geometry', name='WE', size=96), _base_.pack]
train_dataloader = dict(dataset=dict(**learning, per_class=60, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**learning, per_class=15, held_out=True, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(**images, split='val', pipeline=test_pipeline))
