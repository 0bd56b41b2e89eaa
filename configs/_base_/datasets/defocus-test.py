# For what is not trained: the photographs with a measured depth, and nothing to learn from.
_base_ = './defocus-photos_128px.py'
train_dataloader = val_dataloader = val_evaluator = None
test_cfg = dict(type='TestLoop')
