# Maps from two sources, drawn on first use and kept: photographs below data/photos with a drawn depth (one in ten is
# held out), and built-in scenes.
_base_ = './defocus.py'
drawn = [dict(type='PackLocalization', meta_keys=('img_id', 'ori_shape', 'img_shape', 'role', 'domain', 'map_unit'))]
train_pipeline = [dict(type='DefocusAugment', size=64, max_side=None, soften=1.0), *drawn]
scenes = dict(
    type='ScenesDefocus', split='train', count=1600, keep='data/defocus/scenes-train', pipeline=train_pipeline
)
photos = dict(
    type='PhotoDepth',
    data_root='data/photos',
    photographs=dict(size=96, include=('oxford_pets370/images/*', 'caltech3/*'), exclude=('*7.jpg',)),
    recipe=dict(variants=2),
    keep='data/defocus/photos-train',
    pipeline=train_pipeline,
)
held_out = dict(
    type='PhotoDepth',
    data_root='data/photos',
    photographs=dict(size=96, include=('oxford_pets370/images/*7.jpg', 'caltech3/*7.jpg'), shrink=(1, 1), parts=1),
    recipe=dict(camera=None),
    keep='data/defocus/photos-val',
    pipeline=drawn,
)
train_dataloader = dict(dataset=dict(sources=[photos, scenes]), sampler=dict(counts=(6, 2)))
val_dataloader = dict(dataset=dict(_delete_=True, **held_out))
# Photographs with a measured depth: docs/methods/dmenet.md says how the folder is made. They report, and nothing else.
test_dataloader = dict(dataset=dict(type='GeneratedDefocus', data_root='data/defocus/pairs-test'))
