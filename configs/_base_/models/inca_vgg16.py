_base_ = './cam_vgg16.py'
neck = dict(type='InCANeck', non_local=dict())
model = dict(
    necks={'pool3': neck, 'conv4_3': neck, 'conv5_3': neck},
    losses=[
        dict(type='InCAContrastiveLoss', loss_weight=1.0),
        dict(type='InCAConsistencyLoss', loss_weight=1.0),
    ],
)
