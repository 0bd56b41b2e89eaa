# LayerCAM at the last stage of the CAM network: tested with the weights of cam_plainnet_1xb32-15e_scenes-96px.
_base_ = [
    '../_base_/models/cam_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(type='PostHocCAM', method='layercam', stage='stage3', head=dict(num_classes=10))
train_dataloader = dict(batch_size=32)
