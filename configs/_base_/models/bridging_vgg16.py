_base_ = './cam_vgg16.py'
model = dict(
    backbone=dict(out_stages=('conv4_3', 'conv6')),
    head=dict(
        type='BridgingHead',
        tap='conv4_3',
        drop=dict(threshold=0.8, drop_prob=0.5),
        regions=dict(fg=0.6, bg=0.1),
        sign='max',
    ),
)
