_base_ = [
    '../_base_/models/bas_mobilenetv1-mid256.py',
    '../_base_/datasets/pets370_128px.py',
    '../_base_/schedules/finetune_20e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=2, loss_weight=dict(frg=0.5, bas=1.0, ac=0.5)))
train_dataloader = dict(batch_size=16)
# The generator learns slowly: at the rate of the rest of the head its sigmoid saturates before suppression begins.
rules = [dict(pattern='generator', lr_mult=0.2), dict(pattern='^head', lr_mult=5)]
optim_wrapper = dict(paramwise_cfg=dict(rules=rules))
