_base_ = [
    '../_base_/models/bas_mobilenetv1.py',
    '../_base_/datasets/ilsvrc_224px_bas-v1.py',
    '../_base_/schedules/bas_9e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=1000, loss_weight=dict(frg=0.5, bas=1.0, ac=1.5), variant='v1-ilsvrc'))
train_dataloader = dict(batch_size=32)
