# Built-in scenes alone: nothing to download.
_base_ = './defocus-photos_128px.py'
crisp = [dict(_base_.augment, soften=0.0), *_base_.drawn]
train_dataloader = dict(dataset=dict(sources=[dict(_base_.scenes, pipeline=crisp)]), sampler=dict(counts=(4,)))
judged = dict(_delete_=True, type='ScenesDefocus', pipeline=_base_.drawn)
val_dataloader = dict(
    dataset=dict(**judged, split='val', count=40, recipe=dict(camera=None), keep='data/defocus/scenes-val')
)
test_dataloader = dict(batch_size=10, dataset=dict(**judged, split='test', count=100, keep='data/defocus/scenes-test'))
