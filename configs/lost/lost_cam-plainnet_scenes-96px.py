# On the last feature of a CAM; nothing is trained, the classifier is the CAM's: test it with that checkpoint.
_base_ = [
    '../_base_/models/cam_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/test_only.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(type='LOSTHead', num_classes=10, candidates=1 / 3, centre=True))
train_dataloader = None
test_dataloader = dict(batch_size=50)
