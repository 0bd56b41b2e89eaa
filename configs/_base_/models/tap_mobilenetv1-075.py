# What reads the earlier of two features, 14x14 at 224 pixels, of the network that ImageNet's classifier belongs to.
_base_ = './cam_mobilenetv1-075.py'
model = dict(backbone=dict(out_stages=('blocks.3', 'blocks.4'), tf_padding='centred'), cam_class='pred')
