# Fine-tuning of a pretrained backbone in one epoch; what is new learns five times as fast.
_base_ = './adamw_15e.py'
faster = dict(rules=[dict(pattern='^head|^necks', lr_mult=5)])
optim_wrapper = dict(optimizer=dict(lr=3e-4), constructor='RegexOptimWrapperConstructor', paramwise_cfg=faster)
beginning = dict(type='LinearLR', start_factor=0.1, begin=0, end=50, by_epoch=False)
param_scheduler = [beginning, dict(_base_.cosine, begin=0, end=1)]
train_cfg = dict(max_epochs=1, val_interval=1)
