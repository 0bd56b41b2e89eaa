# B alone: it learns from maps. The absolute error is least at the median of what is possible.
_base_ = './dmenet_vgg19-eighth.py'
model = dict(network=dict(aux=False), domain=None, content=None, sharpness=None, error='absolute')
