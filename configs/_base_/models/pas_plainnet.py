_base_ = './cam_plainnet.py'
model = dict(head=dict(_delete_=True, type='PaSHead', num_classes=10, threshold=0.1, clamp=True))
