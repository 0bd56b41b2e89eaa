_base_ = [
    '../_base_/models/cam_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(_delete_=True, type='PooledCAMHead', num_classes=10, pool='lse', pool_args=dict(r=9.0)))
train_dataloader = dict(batch_size=32)
