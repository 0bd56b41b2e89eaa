# Begun without ImageNet, the class token learns to look by being classified too.
_base_ = './plaincait.py'
model = dict(
    backbone=dict(out_stages=('attn', 'cls', 'norm')), head=dict(type='TSCAMHead', num_classes=10, loss_weight=1.0)
)
