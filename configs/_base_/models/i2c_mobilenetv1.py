_base_ = './cam_mobilenetv1.py'
model = dict(losses=[dict(type='I2CLoss', loss_weight={'local': 0.008, 'global': 0.001})])
