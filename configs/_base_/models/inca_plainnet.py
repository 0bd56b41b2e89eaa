_base_ = './cam_plainnet.py'
find_unused_parameters = True
neck = dict(type='InCANeck', non_local=dict(), drop_prob=0.75)
model = dict(
    necks={'stage3.0': neck, 'stage3.1': neck},
    losses=[
        dict(type='InCAContrastiveLoss', margin=0.5, loss_weight=1.0),
        dict(type='InCAConsistencyLoss', loss_weight=1.0),
    ],
)
