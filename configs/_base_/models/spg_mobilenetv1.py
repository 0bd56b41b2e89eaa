_base_ = './cam_mobilenetv1.py'
model = dict(
    backbone=dict(out_stages=('blocks.2', 'blocks.3', 'blocks.4')),
    head=dict(
        _delete_=True,
        type='SPGHead',
        num_classes=200,
        mid_channels=(256, 256),
        side_channels=(256, 256),
        loss_weight=dict(b2=1.0, b1=1.0, c=1.0),
    ),
)
