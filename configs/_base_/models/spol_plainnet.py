# Shallow times deep features of the small network.
_base_ = './cam_plainnet.py'
model = dict(
    backbone=dict(out_stages=('stage1', 'stage2', 'stage3')),
    head=dict(
        _delete_=True,
        type='SPOLHead',
        num_classes=10,
        loss_weight=dict(deep=0.5, soft=0.5, cls=0.0),
        mid_channels=64,
    ),
)
