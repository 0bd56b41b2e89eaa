_base_ = [
    '../_base_/models/fcn_vgg16-eighth.py',
    '../_base_/datasets/saliency-pets370_128px.py',
    '../_base_/schedules/saliency_200e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=16)
