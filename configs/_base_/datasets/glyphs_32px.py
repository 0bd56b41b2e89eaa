# Ten digits, drawn with another hand each time: nothing to download.
glyphs = dict(type='Glyphs', pipeline=[dict(type='PackLocalization')], cache=True)
whole = dict(batch_size=100, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
train_dataloader = dict(
    batch_size=32,
    num_workers=0,
    dataset=dict(**glyphs, split='train'),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(**whole, dataset=dict(**glyphs, split='val'))
test_dataloader = dict(**whole, dataset=dict(**glyphs, split='test'))
val_evaluator = dict(type='LocalizationMetric', protocols=['choe2020-v1'])
test_evaluator = val_evaluator
