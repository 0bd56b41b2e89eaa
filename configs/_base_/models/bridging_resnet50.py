_base_ = './cam_resnet50.py'
model = dict(
    backbone=dict(out_stages=('layer3', 'layer4')),
    head=dict(
        type='BridgingHead',
        tap='layer3',
        drop=dict(threshold=0.8, drop_prob=0.25),
        regions=dict(fg=0.4, bg=0.2),
        sign='max',
    ),
)
