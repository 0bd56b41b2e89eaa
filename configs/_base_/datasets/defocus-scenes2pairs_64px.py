# Maps from drawn scenes; masks and unlabelled images from photographs with depth; tested on held-out photographs.
# docs/methods/dmenet.md says how the folders are generated.
_base_ = './defocus.py'
train_pipeline = [*_base_.load, dict(type='DefocusAugment', size=64, max_side=None), *_base_.pack]
scenes = dict(type='GeneratedDefocus', data_root='data/defocus/scenes-train', pipeline=train_pipeline)
pairs = dict(type='GeneratedDefocus', data_root='data/defocus/pairs-train', pipeline=train_pipeline)
train_dataloader = dict(dataset=dict(sources=[scenes, dict(**pairs, truth='mask'), dict(**pairs, truth='none')]))
val_dataloader = dict(dataset=dict(type='GeneratedDefocus', data_root='data/defocus/scenes-val'))
test_dataloader = dict(dataset=dict(type='GeneratedDefocus', data_root='data/defocus/pairs-test'))
