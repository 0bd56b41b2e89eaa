_base_ = [
    '../_base_/models/fcn_vgg16-eighth.py',
    '../_base_/datasets/saliency-scenes_96px.py',
    '../_base_/schedules/saliency_6e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=16)
model = dict(network=dict(fc6='low_rank'))
