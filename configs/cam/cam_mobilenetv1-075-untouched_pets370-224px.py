# ImageNet's classifier as it is: the map of the class it predicts, no label of the data is used.
_base_ = [
    '../_base_/models/cam_mobilenetv1-075.py',
    '../_base_/datasets/pets370_224px.py',
    '../_base_/schedules/test_only.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=1000), cam_class='pred')
train_dataloader = None
test_dataloader = dict(batch_size=16)
load_from = 'checkpoints/mobilenet_v1_0.75_192_imagenet_q8-c7fb1f5b.pth'
