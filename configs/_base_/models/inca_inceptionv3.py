_base_ = './cam_inceptionv3.py'
find_unused_parameters = True
neck = dict(type='InCANeck', non_local=dict(), drop_prob=0.75)
model = dict(
    head=dict(dropout=0.0),
    necks={'Mixed_5d': neck, 'Mixed_6e': neck, 'head.conv2': neck},
    losses=[
        dict(type='InCAContrastiveLoss', margin=0.5, loss_weight=1.0),
        dict(type='InCAConsistencyLoss', loss_weight=1.0),
    ],
)
