# B alone: it learns from maps. The mean over four views is a bit better than one, and costs four.
_base_ = './dmenet_vgg19-eighth.py'
model = dict(network=dict(aux=False), domain=None, content=None, sharpness=None, views=4)
