# The built-in pictures at 32 pixels, without their truth. Pictures that are made are compared with the held-out ones.
scenes = dict(type='WSOLScenes', cache=True)
small = dict(type='AntialiasResize', size=32)
train_pipeline = [small, dict(type='RandomFlip', prob=0.5), dict(type='PackLocalization')]
test_pipeline = [small, dict(type='PackLocalization', keep_image=True)]
whole = dict(batch_size=50, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
train_dataloader = dict(
    batch_size=32,
    num_workers=0,
    dataset=dict(**scenes, split='train', pipeline=train_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(**whole, dataset=dict(**scenes, split='val', pipeline=test_pipeline))
test_dataloader = dict(**whole, dataset=dict(**scenes, split='test', pipeline=test_pipeline))
val_evaluator = dict(
    type='FrechetDistance',
    config='cam/cam_plainnet_1xb32-15e_scenes-96px.py',
    checkpoint='cam/cam_plainnet_1xb32-15e_scenes-96px_20261121-a22d9744.pth',
    size=96,
)
test_evaluator = val_evaluator
