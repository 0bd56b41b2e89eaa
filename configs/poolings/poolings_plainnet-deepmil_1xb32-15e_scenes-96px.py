_base_ = [
    '../_base_/models/cam_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(_delete_=True, type='DeepMILHead', num_classes=10, embed_channels=128, gated=True))
train_dataloader = dict(batch_size=32)
