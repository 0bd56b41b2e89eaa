_base_ = './localizer.py'
model = dict(backbone=dict(type='PlainCaiT', base_channels=16, strides=(2, 1, 2, 2), blocks=3))
