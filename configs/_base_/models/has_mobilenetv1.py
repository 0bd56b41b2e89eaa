_base_ = './cam_mobilenetv1.py'
model = dict(batch_augments=[dict(type='HaS', grid_size=32, drop_rate=0.5)])
