# B alone: it learns from maps.
_base_ = './dmenet_vgg19-eighth.py'
model = dict(network=dict(aux=False), domain=None, content=None, sharpness=None)
