_base_ = './cam_resnet50.py'
neck = dict(type='ADLNeck', drop_rate=0.75, gamma=0.9)
model = dict(necks={'layer3.0': neck, 'layer4.0': neck, 'layer4.2': neck})
