# From few images, on features that stay as they were pretrained or hardly move.
_base_ = './adamw_15e.py'
rules = [dict(pattern='^backbone', lr_mult=0.1)]
optim_wrapper = dict(
    optimizer=dict(lr=1e-3), constructor='RegexOptimWrapperConstructor', paramwise_cfg=dict(rules=rules)
)
param_scheduler = [_base_.warmup, dict(_base_.cosine, end=10)]
train_cfg = dict(max_epochs=10, val_interval=10)
