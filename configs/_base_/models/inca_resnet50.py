_base_ = './cam_resnet50.py'
find_unused_parameters = True
neck = dict(type='InCANeck', non_local=dict(), drop_prob=0.75)
model = dict(
    necks={'layer3.0': neck, 'layer4.0': neck, 'layer4.2': neck},
    losses=[
        dict(type='InCAContrastiveLoss', margin=0.5, loss_weight=1.0),
        dict(type='InCAConsistencyLoss', loss_weight=1.0),
    ],
)
