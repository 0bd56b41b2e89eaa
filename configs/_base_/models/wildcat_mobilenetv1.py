_base_ = './cam_mobilenetv1.py'
pool_args = dict(kmax=0.2, kmin=0.2, alpha=0.7)
model = dict(
    head=dict(_delete_=True, type='PooledCAMHead', num_classes=200, pool='wildcat', pool_args=pool_args, modalities=4)
)
