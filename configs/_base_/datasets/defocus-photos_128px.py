# Maps from two sources, drawn on first use and kept: photographs below data/photos with a drawn depth (one in ten is
# held out), and built-in scenes. They are kept without a camera, which takes every crop anew.
_base_ = './defocus.py'
drawn = [dict(type='PackLocalization', meta_keys=('img_id', 'ori_shape', 'img_shape', 'role', 'domain', 'map_unit'))]
camera = dict(exposure=(0.6, 1.2), grainy=0.25, compressed=0.25)
augment = dict(type='DefocusAugment', size=128, max_side=None, soften=1.0, camera=camera)
scenes = dict(
    type='ScenesDefocus',
    split='train',
    count=500,
    recipe=dict(camera=None),
    keep='data/defocus/scenes-train',
    pipeline=[augment, *drawn],
)
photos = dict(
    type='PhotoDepth',
    data_root='data/photos',
    photographs=dict(
        size=160, include=('oxford_pets370/images/*', 'caltech3/*'), exclude=('*7.jpg',), shrink=(0.7, 2.0)
    ),
    recipe=dict(camera=None),
    keep='data/defocus/photos-train',
    pipeline=[augment, *drawn],
)
held_out = dict(
    type='PhotoDepth',
    data_root='data/photos',
    photographs=dict(size=160, include=('oxford_pets370/images/*7.jpg', 'caltech3/*7.jpg'), shrink=(1, 1), parts=1),
    recipe=dict(camera=None),
    keep='data/defocus/photos-val',
    pipeline=drawn,
)
train_dataloader = dict(dataset=dict(sources=[photos, scenes]), sampler=dict(counts=(3, 1)))
val_dataloader = dict(dataset=dict(_delete_=True, **held_out))
# Photographs with a measured depth: docs/methods/dmenet.md says how the folder is made. They report, and nothing else.
test_dataloader = dict(dataset=dict(type='GeneratedDefocus', data_root='data/defocus/pairs-test'))
