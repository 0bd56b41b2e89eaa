_base_ = './cam_vgg16.py'
find_unused_parameters = True
neck = dict(type='InCANeck', non_local=dict(), drop_prob=0.75)
model = dict(
    necks={'pool3': neck, 'conv4_3': neck, 'conv5_3': neck},
    losses=[
        dict(type='InCAContrastiveLoss', margin=0.5, loss_weight=1.0),
        dict(type='InCAConsistencyLoss', loss_weight=1.0),
    ],
)
