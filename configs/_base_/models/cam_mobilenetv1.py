_base_ = './mobilenetv1.py'
model = dict(backbone=dict(output_stride=8), head=dict(type='CAMHead', num_classes=200))
