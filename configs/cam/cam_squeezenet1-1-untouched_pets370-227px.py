# ImageNet's classifier as it is: the map of the class it predicts, no label of the data is used.
_base_ = [
    '../_base_/models/cam_squeezenet1-1.py',
    '../_base_/datasets/pets370_224px.py',
    '../_base_/schedules/test_only.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=1000), cam_class='pred')
train_dataloader = None
pipeline = [_base_.load, dict(type='LoadMask'), dict(type='Geometry', name='WE', size=227), _base_.pack]
val_dataloader = dict(dataset=dict(pipeline=pipeline))
test_dataloader = dict(batch_size=16, dataset=dict(pipeline=pipeline))
load_from = 'checkpoints/squeezenet1_1_imagenet_fp16-63f97cdd.pth'
