_base_ = './cam_vgg16.py'
neck = dict(type='ADLNeck', drop_rate=0.75, gamma=0.9)
model = dict(necks={'pool3': neck, 'conv4_3': neck, 'conv5_3': neck})
