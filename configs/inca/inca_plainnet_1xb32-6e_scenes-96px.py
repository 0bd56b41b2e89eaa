# Fine-tunes the zoo's CAM: from random weights the masks keep the classifier from learning.
_base_ = [
    '../_base_/models/inca_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/default_runtime.py',
]
load_from = '{{ fileDirname }}/../cam/cam_plainnet_1xb32-15e_scenes-96px_20261121-a22d9744.pth'
model = dict(head=dict(num_classes=10))
train_dataloader = dict(batch_size=32)
