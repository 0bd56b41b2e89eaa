# A regressor of one box on the small network; class scores are those of the classifier that it began as.
_base_ = './cam_plainnet.py'
model = dict(
    head=dict(
        _delete_=True,
        type='PSOLHead',
        num_classes=10,
        loss_weight=50.0,
        mid_channels=64,
        grid=6,
        classifier=dict(type='Localizer', backbone=_base_.model.backbone, head=_base_.model.head),
    )
)
