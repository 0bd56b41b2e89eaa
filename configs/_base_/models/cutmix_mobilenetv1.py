_base_ = './cam_mobilenetv1.py'
model = dict(batch_augments=[dict(type='CutMix', beta=1.0, prob=0.5)])
