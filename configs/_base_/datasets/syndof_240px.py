# data/defocus/syndof: tools/dataset_tools/make_defocus.py data/defocus/syndof --pairs <images with depth>
# data/cuhk: the defocus part of the CUHK blur detection set; data/flickr: photographs without labels
_base_ = './defocus.py'
train_pipeline = [*_base_.load, dict(type='DefocusAugment', size=240, max_side=800), *_base_.pack]
masks = dict(type='BlurMaskFolder', blurred='white', pattern='out_of_focus*')
sources = [
    dict(type='GeneratedDefocus', data_root='data/defocus/syndof', pipeline=train_pipeline),
    dict(**masks, data_root='data/cuhk/train', pipeline=train_pipeline),
    dict(type='PhotoFolder', data_root='data/flickr', pipeline=train_pipeline),
]
train_dataloader = dict(
    batch_size=9,
    num_workers=4,
    persistent_workers=True,
    dataset=dict(sources=sources),
    sampler=dict(counts=(3, 3, 3)),
)
val_dataloader = dict(
    batch_size=1, num_workers=2, dataset=dict(type='GeneratedDefocus', data_root='data/defocus/syndof-val')
)
test_dataloader = dict(num_workers=2, dataset=dict(**masks, data_root='data/cuhk/test'))
test_evaluator = dict(type='BlurMaskMetric', a=0.3)
