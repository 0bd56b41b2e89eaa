_base_ = './plainvit.py'
# From random weights the class token learns to look by being classified too.
model = dict(
    backbone=dict(out_stages=('attn', 'cls', 'norm')), head=dict(type='TSCAMHead', num_classes=10, loss_weight=1.0)
)
