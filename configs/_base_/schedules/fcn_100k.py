# Summed loss, one picture at a time, a fixed rate: the last of three stages, and the rate of the study on speed.
biases = dict(bias_lr_mult=2, bias_decay_mult=0)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-14, momentum=0.99, weight_decay=5e-4), paramwise_cfg=biases
)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=100000, val_interval=20000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
