# CUB-200-2011: labels of the official training images; thresholds on CUBV2; report on the official test images.
_base_ = './localization.py'
workers = dict(num_workers=2, persistent_workers=True)
official = dict(type='CUB', data_root='data/cub/CUB_200_2011')
cubv2 = dict(type='CUBV2', data_root='data/cub', ann_file='metadata/val', data_prefix=dict(img_path='CUBV2'))
train_dataloader = dict(**workers, dataset=dict(**official, split='train'))
val_dataloader = dict(**workers, dataset=cubv2)
test_dataloader = dict(**workers, dataset=dict(**official, split='test'))
