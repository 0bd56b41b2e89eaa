_base_ = './cam_mobilenetv1.py'
model = dict(
    head=dict(_delete_=True, type='ACoLHead', num_classes=200, threshold=0.7, mid_channels=(256, 256), loss_weight=1.0)
)
