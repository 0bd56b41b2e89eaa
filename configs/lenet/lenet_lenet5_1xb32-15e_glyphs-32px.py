_base_ = [
    '../_base_/models/lenet5.py',
    '../_base_/datasets/glyphs_32px.py',
    '../_base_/schedules/adamw_15e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=10))
train_dataloader = dict(batch_size=32)
