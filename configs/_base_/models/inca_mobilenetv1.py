_base_ = './cam_mobilenetv1.py'
find_unused_parameters = True
# Equation 1 as printed, which the numbers of these configs were made with.
literal = dict(thresholds=dict(fg=0.8, bg=0.2), drop_prob=0.75, embedding=dict(temperature=0))
neck = dict(type='InCANeck', non_local=dict(), **literal)
model = dict(
    necks={'blocks.4.0': neck, 'blocks.4.1': neck},
    losses=[
        dict(type='InCAContrastiveLoss', margin=0.5, loss_weight=1.0),
        dict(type='InCAConsistencyLoss', loss_weight=1.0),
    ],
)
