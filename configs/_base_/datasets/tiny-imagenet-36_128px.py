# 36 classes of Tiny ImageNet, 200 training images of each, enlarged from 64 to 128 pixels. Small batches are tested
# faster, as a processor's caches hold them.
_base_ = './localization.py'
images = dict(type='TinyImageNet', data_root='data/tiny-imagenet-36')
learning = dict(**images, split='train', holdout=20)
train_pipeline = [_base_.load, dict(type='Geometry', name='WE', size=128, train=True), _base_.pack]
test_pipeline = [_base_.load, dict(type='Geometry', name='WE', size=128), _base_.pack]
train_dataloader = dict(dataset=dict(**learning, per_class=200, pipeline=train_pipeline))
val_dataloader = dict(batch_size=16, dataset=dict(**learning, per_class=15, held_out=True, pipeline=test_pipeline))
test_dataloader = dict(batch_size=16, dataset=dict(**images, split='val', pipeline=test_pipeline))
