# Down a line to 0 (poly; its power and the weight decay are ours).
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-4, momentum=0.9, weight_decay=1e-4))
param_scheduler = dict(
    type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=20, by_epoch=True, convert_to_iter_based=True
)
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=20, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='CalibratedTestLoop')
