# Photographs below data/photos with a drawn depth, and built-in scenes; tested on photographs with a measured depth.
_base_ = './defocus-scenes_64px.py'
some = dict(size=96, include=('oxford_pets370/images/*', 'caltech3/*'), exclude=('*7.jpg',))
held_out = dict(size=96, include=('oxford_pets370/images/*7.jpg', 'caltech3/*7.jpg'))
photos = dict(
    type='PhotoDepth',
    data_root='data/photos',
    photographs=some,
    recipe=dict(variants=2),
    keep='data/defocus/photos-train',
    pipeline=_base_.train_pipeline,
)
train_dataloader = dict(dataset=dict(sources=[photos, _base_.scenes]), sampler=dict(counts=(6, 2)))
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='PhotoDepth',
        data_root='data/photos',
        photographs=held_out,
        keep='data/defocus/photos-val',
        pipeline=_base_.drawn,
    )
)
test_dataloader = dict(
    batch_size=1,
    dataset=dict(
        _delete_=True,
        type='GeneratedDefocus',
        data_root='data/defocus/pairs-test',
        role='test',
        pipeline=_base_.test_pipeline,
    ),
)
