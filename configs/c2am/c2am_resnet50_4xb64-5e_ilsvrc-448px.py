_base_ = [
    '../_base_/models/c2am_resnet50.py',
    '../_base_/datasets/ilsvrc_448px_spol2021.py',
    '../_base_/schedules/c2am_20e.py',
    '../_base_/default_runtime.py',
]
first = '{{$WSOLZOO_WORK_DIRS:work_dirs}}/cam_resnet50_1xb32-10e_ilsvrc-224px'
trained = dict(type='Pretrained', checkpoint=first + '/epoch_10.pth')
first_phase = dict(config='cam/cam_resnet50_1xb32-10e_ilsvrc-224px.py')
model = dict(head=dict(num_classes=1000, classifier=dict(head=dict(num_classes=1000), init_cfg=trained)))
train_dataloader = dict(batch_size=64)
auto_scale_lr = dict(base_batch_size=256)
param_scheduler = dict(end=5)
train_cfg = dict(max_epochs=5)
