# As tools/model_converters/convert_npz.py fills it, with the classifier of ImageNet.
_base_ = './mobilenetv1.py'
model = dict(
    backbone=dict(width=0.75, output_stride=32, init_cfg=dict(_delete_=True, type='Xavier', layer='Conv2d')),
    head=dict(type='CAMHead', num_classes=1000),
)
