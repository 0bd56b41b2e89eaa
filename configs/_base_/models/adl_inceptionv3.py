_base_ = './cam_inceptionv3.py'
neck = dict(type='ADLNeck', drop_rate=0.75, gamma=0.9)
model = dict(
    head=dict(dropout=0.0),
    necks={'Mixed_5d': neck, 'Mixed_6e': neck, 'head.conv2': neck},
)
