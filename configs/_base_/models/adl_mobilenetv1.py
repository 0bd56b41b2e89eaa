_base_ = './cam_mobilenetv1.py'
neck = dict(type='ADLNeck', drop_rate=0.5, gamma=0.9)
model = dict(necks={'blocks.3': neck, 'blocks.4': neck})
