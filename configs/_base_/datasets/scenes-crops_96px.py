# Three times the images, cut so that the head is often missed.
_base_ = './scenes_96px.py'
train_pipeline = [dict(type='RandomCrop', size=64), *_base_.train_pipeline]
train_dataloader = dict(dataset=dict(count=6000, pipeline=train_pipeline))
