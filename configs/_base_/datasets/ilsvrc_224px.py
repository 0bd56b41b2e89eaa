# ILSVRC-2012 CLS-LOC: labels of the training images; thresholds on ImageNetV2; report on the validation images.
_base_ = './localization.py'
workers = dict(num_workers=2, persistent_workers=True)
official = dict(type='ILSVRC', data_root='data/ilsvrc')
imagenetv2 = dict(type='ImageNetV2', data_root='data/ilsvrc', ann_file='metadata/val')
train_dataloader = dict(**workers, dataset=dict(**official, split='train'))
val_dataloader = dict(**workers, dataset=imagenetv2)
test_dataloader = dict(**workers, dataset=dict(**official, split='val'))
