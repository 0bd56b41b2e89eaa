_base_ = [
    '../_base_/models/inca_mobilenetv1.py',
    '../_base_/datasets/tiny-imagenet-36_96px.py',
    '../_base_/schedules/finetune_5e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=36))
train_dataloader = dict(batch_size=32)
