_base_ = [
    '../_base_/models/dcgan.py',
    '../_base_/datasets/scenes-pictures_32px.py',
    '../_base_/schedules/dcgan_8e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=16)
