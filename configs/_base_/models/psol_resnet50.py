# A regressor of one box on the published ResNet50; class scores are those of a classifier that is trained before.
_base_ = './cam_resnet50.py'
model = dict(
    backbone=dict(output_stride=32),
    head=dict(
        _delete_=True,
        type='PSOLHead',
        num_classes=200,
        loss_weight=50.0,
        mid_channels=512,
        classifier=dict(type='Localizer', backbone=_base_.model.backbone, head=_base_.model.head),
    ),
)
