# Nothing is trained: thresholds are those of the validation split.
test_cfg = dict(type='CalibratedTestLoop')
val_cfg = dict(type='ValLoop')
