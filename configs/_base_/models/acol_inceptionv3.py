_base_ = './cam_inceptionv3.py'
model = dict(
    backbone=dict(output_stride=16),
    head=dict(
        _delete_=True, type='ACoLHead', num_classes=200, threshold=0.7, mid_channels=(1024, 1024), loss_weight=1.0
    ),
)
