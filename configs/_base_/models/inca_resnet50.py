_base_ = './cam_resnet50.py'
neck = dict(type='InCANeck', non_local=dict(), drop_prob=0.5)
model = dict(
    necks={'layer3.0': neck, 'layer4.0': neck, 'layer4.2': neck},
    losses=[
        dict(type='InCAContrastiveLoss', margin=2.0, loss_weight=1.0),
        dict(type='InCAConsistencyLoss', loss_weight=1.0),
    ],
)
