# Mean loss, polynomial decay; biases learn twice as fast and do not decay.
biases = dict(bias_lr_mult=2, bias_decay_mult=0)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=5e-4), paramwise_cfg=biases
)
param_scheduler = dict(type='PolyLR', power=0.9, begin=0, end=30, by_epoch=True, convert_to_iter_based=True)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=30, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
