_base_ = './cam_vgg16.py'
model = dict(
    backbone=dict(pools=(2, 2, 2, (3, 1), (3, 1)), conv6=False, smooth=True),
    head=dict(_delete_=True, type='ConvCAMHead', num_classes=200, mid_channels=(1024, 1024), dropout=0.5),
)
