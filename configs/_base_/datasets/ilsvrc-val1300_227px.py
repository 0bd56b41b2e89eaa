# 1,300 ILSVRC-2012 validation images, squashed to 227x227, with their boxes. There is no split to choose on: test only,
# so nothing is inherited.
test_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='BoxCSV',
        data_root='{{$WSOLZOO_DATA:../shared/data}}/ilsvrc-val1300',
        subset='ilsvrc_val1300',
        role='test',
        split='test',
        pipeline=[dict(type='LoadImage'), dict(type='Geometry', name='WE', size=227), dict(type='PackLocalization')],
        test_mode=True,
    ),
)
test_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v1', 'choe2020-v2'])
test_cfg = dict(type='TestLoop')
