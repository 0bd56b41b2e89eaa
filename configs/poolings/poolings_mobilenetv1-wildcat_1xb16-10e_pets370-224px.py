# Each class starts from all features of the frozen trunk, which softmax does not see and the map does.
_base_ = [
    '../_base_/models/wildcat_mobilenetv1.py',
    '../_base_/datasets/pets370_224px.py',
    '../_base_/schedules/few-images_10e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(output_stride=32, tf_padding='centred', freeze=True),
    head=dict(num_classes=37, init_cfg=dict(type='Constant', layer='Conv2d', val=0.01)),
)
train_dataloader = dict(batch_size=16)
