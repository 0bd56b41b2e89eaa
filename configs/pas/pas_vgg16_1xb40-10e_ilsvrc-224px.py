_base_ = [
    '../_base_/models/pas_vgg16.py',
    '../_base_/datasets/ilsvrc_224px_pas2020.py',
    '../_base_/schedules/pas_10e.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=1000))
train_dataloader = dict(batch_size=40)
