_base_ = './cam_resnet50.py'
model = dict(
    backbone=dict(pool_layer4=True, out_stages=('layer3', 'layer4')),
    head=dict(_delete_=True, type='BASHead', num_classes=200, tap='layer3', mid_channels=1024, variant='v1-cub'),
)
