_base_ = [
    '../_base_/models/cam_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
pool_args = dict(kmax=0.687, kmin=0.1, alpha=0.192)
model = dict(
    head=dict(_delete_=True, type='PooledCAMHead', num_classes=10, pool='wildcat', pool_args=pool_args, modalities=5)
)
train_dataloader = dict(batch_size=32)
