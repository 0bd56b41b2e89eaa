# From TS-CAM: nothing here teaches the class token to look but what it adds to the diffusion.
_base_ = [
    '../_base_/models/plaincait.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/default_runtime.py',
]
first = '{{$WSOLZOO_WORK_DIRS:work_dirs}}/ts-cam_plaincait_1xb32-6e_scenes-96px'
trained = dict(type='Pretrained', checkpoint=first + '/epoch_6.pth')
first_phase = dict(config='ts_cam/ts-cam_plaincait_1xb32-6e_scenes-96px.py')
model = dict(
    backbone=dict(out_stages=('attn', 'norm'), init_cfg=dict(**trained, prefix='backbone.')),
    head=dict(type='SCMHead', num_classes=10, init_cfg=dict(**trained, prefix='head.')),
)
train_dataloader = dict(batch_size=32)
