_base_ = './cam_resnet50.py'
model = dict(
    backbone=dict(out_stages=('layer3.0', 'layer3', 'layer4')),
    head=dict(
        _delete_=True,
        type='SPGHead',
        num_classes=200,
        mid_channels=(),
        side_channels=(1024, 512),
        loss_weight=dict(b2=1.0, b1=1.0, c=1.0),
    ),
)
