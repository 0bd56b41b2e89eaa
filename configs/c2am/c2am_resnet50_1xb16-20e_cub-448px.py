_base_ = [
    '../_base_/models/c2am_resnet50.py',
    '../_base_/datasets/cub_448px_spol2021.py',
    '../_base_/schedules/c2am_20e.py',
    '../_base_/default_runtime.py',
]
first = '{{$WSOLZOO_WORK_DIRS:work_dirs}}/cam_resnet50_1xb32-50e_cub-224px'
trained = dict(type='Pretrained', checkpoint=first + '/epoch_50.pth')
first_phase = dict(config='cam/cam_resnet50_1xb32-50e_cub-224px.py')
model = dict(head=dict(num_classes=200, classifier=dict(init_cfg=trained)))
train_dataloader = dict(batch_size=16)
