# An eighth of the width, from random weights.
_base_ = './fcn_vgg16.py'
model = dict(network=dict(width=0.125, mid_channels=(256, 256), init_cfg=None))
