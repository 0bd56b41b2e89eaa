# Maps from drawn scenes and from photographs with depth; tested on held-out photographs. What labels there are worth.
# docs/methods/dmenet.md says how the five folders are generated.
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'domain', 'map_unit')
load = [dict(type='LoadImage'), dict(type='LoadDefocusTruth')]
pack = [dict(type='PackLocalization', meta_keys=meta_keys)]
train_pipeline = load + [dict(type='DefocusAugment', size=64, max_side=None)] + pack
test_pipeline = load + pack
train_dataloader = dict(
    batch_size=12,
    num_workers=0,
    dataset=dict(
        type='MultiSource',
        sources=[
            dict(type='GeneratedDefocus', data_root='data/defocus/scenes-train', pipeline=train_pipeline),
            dict(type='GeneratedDefocus', data_root='data/defocus/pairs-train', pipeline=train_pipeline),
        ],
    ),
    sampler=dict(type='MultiSourceSampler', counts=(4, 8)),
)
val_dataloader = dict(
    batch_size=10,
    num_workers=0,
    dataset=dict(type='GeneratedDefocus', data_root='data/defocus/scenes-val', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    dataset=dict(type='GeneratedDefocus', data_root='data/defocus/pairs-test', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_evaluator = dict(type='DefocusError')
test_evaluator = dict(type='DefocusError')
