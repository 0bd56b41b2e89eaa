# The score maps of the first paper, none of them negative: a map has to cover all that speaks for its class. It grows
# from little, where suppression asks for it, instead of shrinking from everything.
_base_ = './bas_plainnet.py'
model = dict(
    head=dict(variant='v1-ilsvrc', generator_bias=-1.0, loss_weight=dict(frg=0.25, bas=1.0, ac=1.0)),
)
