_base_ = [
    '../_base_/models/dmenet_vgg19-eighth.py',
    '../_base_/datasets/defocus-scenes_128px.py',
    '../_base_/schedules/dmenet_6e.py',
    '../_base_/default_runtime.py',
]
# The scenes play all three parts: a few of them through other lenses, with masks and with nothing.
scenes = dict(_base_.scenes, pipeline=[dict(_base_.augment, size=64, soften=0.0), *_base_.drawn])
few = dict(scenes, count=100, keep=None)
parts = [
    scenes,
    dict(few, recipe=dict(seed=1, camera=None), truth='mask'),
    dict(few, recipe=dict(seed=2, camera=None), truth='none'),
]
train_dataloader = dict(batch_size=12, dataset=dict(sources=parts), sampler=dict(counts=(4, 4, 4)))
