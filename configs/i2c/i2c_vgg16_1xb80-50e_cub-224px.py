_base_ = [
    '../_base_/models/i2c_vgg16.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/we_50e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    head=dict(num_classes=200),
    losses=[dict(type='I2CLoss', loss_weight={'local': 0.008, 'global': 0.001})],
)
train_dataloader = dict(batch_size=80, sampler=dict(_delete_=True, type='PairedClassSampler'))
