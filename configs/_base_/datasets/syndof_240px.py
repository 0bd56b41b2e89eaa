# data/defocus/syndof: tools/dataset_tools/make_defocus.py data/defocus/syndof --pairs <images with depth>
# data/cuhk: the defocus part of the CUHK blur detection set; data/flickr: photographs without labels
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'domain', 'map_unit')
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadDefocusTruth'),
    dict(type='DefocusAugment', size=240, max_side=800),
    dict(type='PackLocalization', meta_keys=meta_keys),
]
test_pipeline = [
    dict(type='LoadImage'),
    dict(type='LoadDefocusTruth'),
    dict(type='PackLocalization', meta_keys=meta_keys),
]
train_dataloader = dict(
    batch_size=9,
    num_workers=4,
    persistent_workers=True,
    dataset=dict(
        type='MultiSource',
        sources=[
            dict(type='GeneratedDefocus', data_root='data/defocus/syndof', pipeline=train_pipeline),
            dict(
                type='BlurMaskFolder',
                data_root='data/cuhk/train',
                blurred='white',
                pattern='out_of_focus*',
                pipeline=train_pipeline,
            ),
            dict(type='PhotoFolder', data_root='data/flickr', pipeline=train_pipeline),
        ],
    ),
    sampler=dict(type='MultiSourceSampler', counts=(3, 3, 3)),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    dataset=dict(type='GeneratedDefocus', data_root='data/defocus/syndof-val', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    dataset=dict(
        type='BlurMaskFolder',
        data_root='data/cuhk/test',
        blurred='white',
        pattern='out_of_focus*',
        pipeline=test_pipeline,
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_evaluator = dict(type='DefocusError')
test_evaluator = dict(type='BlurMaskMetric', a=0.3)
