# An eighth of the width, from random weights.
_base_ = './dmenet_vgg19.py'
narrow = dict(type='VGG19', width=0.125)
model = dict(
    max_sigma=3.5,
    network=dict(encoder=dict(_delete_=True, **narrow), base=8, residuals=3),
    domain=dict(base=8),
    content=dict(encoder=dict(_delete_=True, **narrow, padding='zeros', out_stages=('conv4_4',))),
)
