_base_ = './cam_vgg16.py'
neck = dict(type='InCANeck', non_local=dict(), drop_prob=0.5)
model = dict(
    necks={'pool3': neck, 'conv4_3': neck, 'conv5_3': neck},
    losses=[
        dict(type='InCAContrastiveLoss', margin=2.0, loss_weight=1.0),
        dict(type='InCAConsistencyLoss', loss_weight=1.0),
    ],
)
