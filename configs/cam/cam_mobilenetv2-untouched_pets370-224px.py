# ImageNet's classifier as it is: the map of the class it predicts, no label of the data is used.
_base_ = [
    '../_base_/models/cam_mobilenetv2.py',
    '../_base_/datasets/pets370_224px.py',
    '../_base_/schedules/test_only.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=1000), cam_class='pred')
train_dataloader = None
test_dataloader = dict(batch_size=16)
load_from = 'checkpoints/mobilenet_v2_1.0_224_imagenet_q8-db19add9.pth'
