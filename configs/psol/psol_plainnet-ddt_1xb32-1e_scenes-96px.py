# The first phase: the component of every class over the features of a trained classifier, which are held.
_base_ = [
    '../_base_/models/cam_plainnet.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/default_runtime.py',
]
first = '{{$WSOLZOO_WORK_DIRS:work_dirs}}/cam_plainnet_1xb32-15e_scenes-96px'
trained = dict(type='Pretrained', checkpoint=first + '/epoch_15.pth')
first_phase = dict(config='cam/cam_plainnet_1xb32-15e_scenes-96px.py')
model = dict(
    backbone=dict(freeze=True, init_cfg=dict(**trained, prefix='backbone.')),
    head=dict(type='DDTHead', num_classes=10, init_cfg=dict(**trained, prefix='head.')),
)
train_dataloader = dict(batch_size=32)
param_scheduler = []
train_cfg = dict(max_epochs=1, val_interval=1)
custom_hooks = [dict(type='DDTHook', pipeline=_base_.test_pipeline)]
