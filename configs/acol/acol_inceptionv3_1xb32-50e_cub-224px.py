_base_ = [
    '../_base_/models/acol_inceptionv3.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/we_50e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=200, threshold=0.79, loss_weight=1.0))
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=6.58832165e-3))
