# An epoch of warm-up, then down a cosine to the last epoch.
warmup = dict(type='LinearLR', start_factor=0.1, begin=0, end=1, by_epoch=True, convert_to_iter_based=True)
cosine = dict(type='CosineAnnealingLR', eta_min=1e-5, begin=1, end=15, by_epoch=True, convert_to_iter_based=True)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1.5e-3, weight_decay=0.05))
param_scheduler = [warmup, cosine]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=15, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='CalibratedTestLoop')
