_base_ = './cam_plainnet.py'
neck = dict(type='InCANeck')
model = dict(
    necks={'stage3.0': neck, 'stage3.1': neck},
    losses=[
        dict(type='InCAContrastiveLoss', loss_weight=1.0),
        dict(type='InCAConsistencyLoss', loss_weight=1.0),
    ],
)
