_base_ = [
    '../_base_/models/dmenet_vgg19-eighth.py',
    '../_base_/datasets/defocus-mixed_64px.py',
    '../_base_/schedules/dmenet_2e.py',
    '../_base_/default_runtime.py',
]
model = dict(network=dict(aux=False), domain=None, content=None, sharpness=None)
train_dataloader = dict(batch_size=12)
