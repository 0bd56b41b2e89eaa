# Likewise after those of TS-CAM.
_base_ = './adamw_6e.py'
first_phase = dict(config='ts_cam/ts-cam_plaincait_1xb32-6e_scenes-96px.py')
first = '{{$WSOLZOO_WORK_DIRS:work_dirs}}/ts-cam_plaincait_1xb32-6e_scenes-96px'
trained = dict(type='Pretrained', checkpoint=first + '/epoch_6.pth')
trunk = dict(**trained, prefix='backbone.')
