# One epoch of heads on features that stay as they were pretrained up to the last group of blocks, at 16 pixels a cell.
_base_ = './few-images_10e.py'
start = dict(trunk=dict(output_stride=16, freeze='blocks.3'))
beginning = dict(type='LinearLR', start_factor=0.1, begin=0, end=20, by_epoch=False)
param_scheduler = [beginning, dict(_base_.cosine, begin=0, end=1)]
train_cfg = dict(max_epochs=1, val_interval=1)
