# Object against background on shallow times deep features; class scores are those of the classifier.
_base_ = './cam_resnet50.py'
model = dict(
    backbone=dict(output_stride=32, out_stages=('layer2', 'layer3', 'layer4')),
    head=dict(
        _delete_=True,
        type='SPOLMaskHead',
        num_classes=200,
        loss_weight=1.0,
        classifier=dict(type='Localizer', backbone=_base_.model.backbone, head=_base_.model.head),
    ),
)
