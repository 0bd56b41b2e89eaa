_base_ = './localizer.py'
# From random weights the class token learns to look by being classified too.
model = dict(
    backbone=dict(type='PlainViT', base_channels=16, strides=(2, 1, 2, 2), blocks=3, out_stages=('attn', 'cls', 'norm')),
    head=dict(type='TSCAMHead', num_classes=10, loss_weight=1.0),
)
