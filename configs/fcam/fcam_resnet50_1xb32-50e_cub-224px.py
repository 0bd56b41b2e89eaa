# The source decays the rate in a way that is not known here; the steps are those of the classifier.
_base_ = [
    '../_base_/models/seeded_resnet50.py',
    '../_base_/datasets/cub_224px.py',
    '../_base_/schedules/we_50e.py',
    '../_base_/default_runtime.py',
]
first = '{{$WSOLZOO_WORK_DIRS:work_dirs}}/cam_resnet50_1xb32-50e_cub-224px'
trained = dict(type='Pretrained', checkpoint=first + '/epoch_50.pth')
first_phase = dict(config='cam/cam_resnet50_1xb32-50e_cub-224px.py')
model = dict(
    backbone=dict(init_cfg=dict(**trained, prefix='backbone.')),
    head=dict(num_classes=200, classifier=dict(init_cfg=dict(**trained, prefix='head.'))),
)
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=0.01), paramwise_cfg=dict(rules=[]))
custom_hooks = [dict(type='BarrierHook')]
