# The second of three stages: load_from the checkpoint of the one before, -32s.
_base_ = [
    '../_base_/models/fcn_vgg16-reference.py',
    '../_base_/datasets/msra10k_400px.py',
    '../_base_/schedules/fcn_100k.py',
    '../_base_/iterations_runtime.py',
]
train_dataloader = dict(batch_size=1)
model = dict(network=dict(stride=16))
optim_wrapper = dict(optimizer=dict(lr=1e-12))
