_base_ = './cam_plainnet.py'
model = dict(
    head=dict(_delete_=True, type='ACoLHead', num_classes=10, threshold=0.7, mid_channels=(64, 64), loss_weight=1.0)
)
