# Animals near the middle that all look one way, as in the data sets of the paper: here the best constant box is strong.
_base_ = './class-average_plainnet_1xb32-21e_scenes-96px.py'
model = dict(head=dict(num_classes=10))
canonical = dict(spread=0.5, flip=False)
train_dataloader = dict(batch_size=32, dataset=dict(scene=canonical, pipeline=_base_.test_pipeline))
val_dataloader = test_dataloader = dict(dataset=dict(scene=canonical))
custom_hooks = [*_base_.custom_hooks[:-1], dict(_base_.average, symmetrise=False)]
