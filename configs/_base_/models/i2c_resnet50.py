_base_ = './cam_resnet50.py'
model = dict(head=dict(_delete_=True, type='ConvCAMHead', num_classes=200, mid_channels=(1024, 1024), dropout=0.5))
