_base_ = [
    '../_base_/models/bas_mobilenetv1-mid256.py',
    '../_base_/datasets/tiny-imagenet-36_96px.py',
    '../_base_/schedules/finetune_5e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=36, loss_weight=dict(frg=0.5, bas=1.0, ac=1.0)))
train_dataloader = dict(batch_size=32)
# The generator learns slowly: at the rate of the rest of the head its sigmoid saturates before suppression begins.
rules = [dict(pattern='generator', lr_mult=0.6), dict(pattern='^head', lr_mult=5)]
optim_wrapper = dict(paramwise_cfg=dict(rules=rules))
