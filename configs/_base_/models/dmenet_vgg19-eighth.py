# An eighth of the width, from random weights, therefore with batch normalisation in the encoder too: without it Adam
# lets the features grow without end. One residual unit, not seven, leaves time for steps. The absolute error is least
# at the median of what is possible. Weights of the terms are ours: with the published ones the features of an
# untrained C drown the others, and the adversarial term is two thousandths of the gradient.
_base_ = './dmenet_vgg19.py'
narrow = dict(type='VGG19', width=0.125)
model = dict(
    max_sigma=3.5,
    error='absolute',
    network=dict(encoder=dict(_delete_=True, **narrow, norm=True), base=8, residuals=1),
    domain=dict(base=8),
    content=dict(encoder=dict(_delete_=True, **narrow, padding='zeros', out_stages=('conv4_4',))),
    loss_weight=dict(map=1.0, aux=1.0, domain=1e-2, adversarial=1e-2, calibration=5e-2, content=0.03),
)
