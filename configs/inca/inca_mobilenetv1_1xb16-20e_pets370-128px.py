_base_ = [
    '../_base_/models/inca_mobilenetv1.py',
    '../_base_/datasets/pets370_128px.py',
    '../_base_/schedules/finetune_20e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=2))
train_dataloader = dict(batch_size=16)
