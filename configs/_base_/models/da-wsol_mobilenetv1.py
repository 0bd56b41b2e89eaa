# Few samples: what an image's object has of positions on a coarse map.
_base_ = './cam_mobilenetv1.py'
model = dict(losses=[dict(type='DAWSOLLoss', samples=8, loss_weight=dict(mmd=0.3, universum=2.0))])
