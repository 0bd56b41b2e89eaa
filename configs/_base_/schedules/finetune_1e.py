# One epoch of heads on features that stay as they were pretrained up to the last group of blocks, at 16 pixels a cell.
_base_ = './adamw_15e.py'
slower = [dict(pattern='^backbone', lr_mult=0.1)]
optim_wrapper = dict(
    optimizer=dict(lr=1e-3), constructor='RegexOptimWrapperConstructor', paramwise_cfg=dict(rules=slower)
)
beginning = dict(type='LinearLR', start_factor=0.1, begin=0, end=20, by_epoch=False)
param_scheduler = [beginning, dict(_base_.cosine, begin=0, end=1)]
train_cfg = dict(max_epochs=1, val_interval=1)
# Cells in their place, and each class from all features, which softmax does not see and the map does.
start = dict(
    trunk=dict(output_stride=16, tf_padding='centred', freeze='blocks.3'),
    classes=dict(type='Constant', layer='Linear', val=0.01),
)
