# As Long et al. train it: padding of 100 pixels, loss summed over pixels.
_base_ = './fcn_vgg16.py'
model = dict(
    network=dict(form='reference'),
    losses=[dict(type='PixelCrossEntropy', reduction='sum', loss_weight=1.0)],
)
