# Shallow times deep features of the published ResNet50.
_base_ = './cam_resnet50.py'
model = dict(
    backbone=dict(output_stride=32, out_stages=('layer2', 'layer3', 'layer4')),
    head=dict(_delete_=True, type='SPOLHead', num_classes=200, loss_weight=dict(deep=0.5, soft=0.5, cls=0.0)),
)
