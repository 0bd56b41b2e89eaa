# B2 reads Mixed_6d: in both published code bases the output of Mixed_6e never reaches it.
_base_ = './cam_inceptionv3.py'
model = dict(
    backbone=dict(output_stride=16, out_stages=('Mixed_5d', 'Mixed_6d', 'Mixed_6e')),
    head=dict(
        _delete_=True,
        type='SPGHead',
        num_classes=200,
        mid_channels=(1024, 1024),
        dropout=0.5,
        side_channels=(512, 512),
        loss_weight=dict(b2=1.0, b1=1.0, c=1.0),
    ),
)
