# From few images, on features that stay as they were pretrained or hardly move.
_base_ = './adamw_15e.py'
rules = [dict(pattern='^backbone', lr_mult=0.1)]
optim_wrapper = dict(
    optimizer=dict(lr=1e-3), constructor='RegexOptimWrapperConstructor', paramwise_cfg=dict(rules=rules)
)
param_scheduler = [_base_.warmup, dict(_base_.cosine, end=10)]
train_cfg = dict(max_epochs=10, val_interval=10)
# What models start from: features as ImageNet left them, with their cells in place, and each class from all of them,
# which softmax does not see and the map does.
start = dict(
    trunk=dict(output_stride=32, tf_padding='centred', freeze=True),
    classes=dict(type='Constant', layer='Linear', val=0.01),
)
