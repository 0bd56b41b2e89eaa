_base_ = [
    '../_base_/models/bas_mobilenetv1-mid256.py',
    '../_base_/datasets/pets370_224px.py',
    '../_base_/schedules/few-images_10e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(output_stride=32, tf_padding='centred', freeze=True),
    head=dict(num_classes=37, loss_weight=dict(frg=0.0, bas=1.0, ac=1.0)),
)
train_dataloader = dict(batch_size=16)
# The generator learns slowly: at the rate of the rest of the head its sigmoid saturates before suppression begins.
rules = [dict(pattern='generator', lr_mult=0.2), *_base_.rules]
optim_wrapper = dict(paramwise_cfg=dict(rules=rules))
