# One layer only: from random weights three of them keep the network from learning to classify.
_base_ = './cam_plainnet.py'
neck = dict(type='ADLNeck', drop_rate=0.5, gamma=0.9)
model = dict(necks={'stage3.1': neck})
