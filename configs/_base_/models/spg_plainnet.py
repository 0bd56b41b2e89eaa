# As many seeds of the image's area as 30 pixels are of 224x224.
_base_ = './cam_plainnet.py'
model = dict(
    backbone=dict(out_stages=('stage2', 'stage3.0', 'stage3.1')),
    head=dict(
        _delete_=True,
        type='SPGHead',
        num_classes=10,
        mid_channels=(64, 64),
        side_channels=(64, 64),
        seeds=dict(b2=dict(high=0.7, low=0.01), b1=dict(high=0.5, low=0.05), c=dict(high=0.7, low=0.1), fewest=6),
        loss_weight=dict(b2=1.0, b1=1.0, c=1.0),
    ),
)
