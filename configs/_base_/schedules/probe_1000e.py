# A linear probe on a frozen trunk, down a cosine.
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-4, momentum=0.9, weight_decay=0.005))
param_scheduler = dict(type='CosineAnnealingLR', eta_min=0.0, begin=0, end=1000, by_epoch=True)
auto_scale_lr = dict(enable=False, base_batch_size=256)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1000, val_interval=50)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='CalibratedTestLoop')
