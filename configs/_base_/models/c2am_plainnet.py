# Two parts told apart by contrast, on the small network; class scores are those of the classifier that it began as.
_base_ = './cam_plainnet.py'
model = dict(
    backbone=dict(out_stages=('stage2', 'stage3')),
    head=dict(
        _delete_=True,
        type='C2AMHead',
        num_classes=10,
        alpha=0.05,
        loss_weight=dict(apart=1.0, fg=1.0, bg=1.0),
        classifier=dict(type='Localizer', backbone=_base_.model.backbone, head=_base_.model.head),
    ),
)
