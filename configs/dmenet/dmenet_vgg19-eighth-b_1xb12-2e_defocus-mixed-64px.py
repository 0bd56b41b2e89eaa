_base_ = [
    '../_base_/models/dmenet_vgg19-eighth.py',
    '../_base_/datasets/defocus-mixed_64px.py',
    '../_base_/schedules/dmenet_2e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    network=dict(aux=False),
    domain=None,
    content=None,
    sharpness=None,
    map_unit='sigma7',
    loss_weights=dict(map=1.0, aux=1.0, domain=1e-3, adversarial=1e-3, calibration=2e-2, content=1e-4),
)
train_dataloader = dict(batch_size=12)
