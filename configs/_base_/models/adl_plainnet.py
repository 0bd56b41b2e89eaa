_base_ = './cam_plainnet.py'
neck = dict(type='ADLNeck', drop_rate=0.5, gamma=0.9)
model = dict(necks={'stage2.1': neck, 'stage3.0': neck, 'stage3.1': neck})
