_base_ = './cam_vgg16.py'
model = dict(head=dict(_delete_=True, type='PaSHead', num_classes=200, threshold=0.1, clamp=True))
