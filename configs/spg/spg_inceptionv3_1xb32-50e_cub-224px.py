_base_ = [
    '../_base_/models/spg_inceptionv3.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/we_50e.py',
    '../_base_/default_runtime.py',
]
seeds = dict(b2=dict(high=0.28, low=0.02), b1=dict(high=0.17, low=0.03), c=dict(high=0.47, low=0.31))
model = dict(head=dict(num_classes=200, seeds=seeds, loss_weight=dict(b2=1.0, b1=1.0, c=1.0)))
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=3.360682e-4))
