_base_ = [
    '../_base_/models/dmenet_vgg19-eighth-b.py',
    '../_base_/datasets/defocus-photos_128px.py',
    '../_base_/schedules/dmenet_8e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=4)
