# Seed expansion on an untouched network's feature; nothing is trained and no label is read.
_base_ = [
    '../_base_/models/tap_mobilenetv1-075.py',
    '../_base_/datasets/pets370_224px.py',
    '../_base_/schedules/test_only.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(type='LOSTHead', num_classes=1000, candidates=1 / 2, centre=True))
train_dataloader = None
test_dataloader = dict(batch_size=16)
load_from = 'checkpoints/mobilenet_v1_0.75_192_imagenet_q8-c7fb1f5b.pth'
