# Two parts told apart by contrast, on the last two groups of ResNet50; class scores are those of a classifier.
_base_ = './cam_resnet50.py'
model = dict(
    backbone=dict(output_stride=16, out_stages=('layer3', 'layer4')),
    head=dict(
        _delete_=True,
        type='C2AMHead',
        num_classes=200,
        alpha=0.05,
        loss_weight=dict(apart=1.0, fg=1.0, bg=1.0),
        classifier=dict(type='Localizer', backbone=_base_.model.backbone, head=_base_.model.head),
    ),
)
