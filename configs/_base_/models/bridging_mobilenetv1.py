_base_ = './cam_mobilenetv1.py'
model = dict(
    backbone=dict(out_stages=('blocks.3', 'blocks.4')),
    head=dict(
        type='BridgingHead',
        tap='blocks.3',
        drop=dict(threshold=0.8, drop_prob=0.25),
        regions=dict(fg=0.4, bg=0.2),
        sign='max',
    ),
)
