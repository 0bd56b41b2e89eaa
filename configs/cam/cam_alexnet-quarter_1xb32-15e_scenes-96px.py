_base_ = [
    '../_base_/models/cam_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
init = dict(type='Kaiming', layer='Conv2d')  # N(0, 0.01) of the paper is for 96 channels and more
backbone = dict(_delete_=True, type='AlexNetPaper', width=0.25, out_stages=['conv5'], init_cfg=init)
model = dict(backbone=backbone, head=dict(num_classes=10))
train_dataloader = dict(batch_size=32)
