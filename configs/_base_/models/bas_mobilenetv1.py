_base_ = './mobilenetv1.py'
model = dict(
    backbone=dict(out_stages=('blocks.3', 'blocks.4')),
    head=dict(type='BASHead', num_classes=200, tap='blocks.3', mid_channels=1024, variant='v1-cub'),
)
