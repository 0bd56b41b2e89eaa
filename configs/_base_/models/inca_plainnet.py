_base_ = './cam_plainnet.py'
neck = dict(type='InCANeck', drop_prob=0.5)
model = dict(
    necks={'stage3.0': neck, 'stage3.1': neck},
    losses=[
        dict(type='InCAContrastiveLoss', margin=2.0, loss_weight=1.0),
        dict(type='InCAConsistencyLoss', loss_weight=1.0),
    ],
)
