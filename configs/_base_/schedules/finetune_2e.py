# Fine-tuning of a pretrained backbone in two epochs; what is new learns five times as fast.
_base_ = './adamw_15e.py'
faster = dict(rules=[dict(pattern='^head|^necks', lr_mult=5)])
optim_wrapper = dict(optimizer=dict(lr=3e-4), constructor='RegexOptimWrapperConstructor', paramwise_cfg=faster)
param_scheduler = [dict(_base_.warmup, end=50, by_epoch=False, convert_to_iter_based=False), dict(_base_.cosine, begin=0, end=2)]
train_cfg = dict(max_epochs=2, val_interval=2)
