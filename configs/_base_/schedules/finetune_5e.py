# Fine-tuning of a pretrained backbone; what is new learns five times as fast.
_base_ = './adamw_15e.py'
faster = dict(rules=[dict(pattern='^head|^necks', lr_mult=5)])
optim_wrapper = dict(optimizer=dict(lr=3e-4), constructor='RegexOptimWrapperConstructor', paramwise_cfg=faster)
param_scheduler = [_base_.warmup, dict(_base_.cosine, end=5)]
train_cfg = dict(max_epochs=5)
