# Object against background on shallow times deep features; class scores are those of the classifier.
_base_ = './cam_plainnet.py'
model = dict(
    backbone=dict(out_stages=('stage1', 'stage2', 'stage3')),
    head=dict(
        _delete_=True,
        type='SPOLMaskHead',
        num_classes=10,
        loss_weight=1.0,
        mid_channels=64,
        classifier=dict(type='Localizer', backbone=_base_.model.backbone, head=_base_.model.head),
    ),
)
