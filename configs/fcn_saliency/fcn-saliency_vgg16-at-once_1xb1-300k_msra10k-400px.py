# All three strides at once.
_base_ = [
    '../_base_/models/fcn_vgg16-reference.py',
    '../_base_/datasets/msra10k_400px.py',
    '../_base_/schedules/fcn_100k.py',
    '../_base_/iterations_runtime.py',
]
train_dataloader = dict(batch_size=1)
model = dict(network=dict(skip_scale=(0.01, 0.0001)))
optim_wrapper = dict(optimizer=dict(lr=1e-10))
train_cfg = dict(max_iters=300000)
