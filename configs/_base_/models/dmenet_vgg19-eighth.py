# An eighth of the width, from random weights. Weights of the terms are ours: with the published ones the features of an
# untrained C drown the others, and the adversarial term is two thousandths of the gradient.
_base_ = './dmenet_vgg19.py'
narrow = dict(type='VGG19', width=0.125)
model = dict(
    max_sigma=3.5,
    network=dict(encoder=dict(_delete_=True, **narrow), base=8, residuals=3),
    domain=dict(base=8),
    content=dict(encoder=dict(_delete_=True, **narrow, padding='zeros', out_stages=('conv4_4',))),
    loss_weight=dict(map=1.0, aux=1.0, domain=1e-2, adversarial=1e-2, calibration=5e-2, content=0.03),
)
