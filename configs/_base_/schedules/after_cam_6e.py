# Six epochs after those of the CAM: what a second phase on the scenes stands on, and what it begins from.
_base_ = './adamw_6e.py'
first_phase = dict(config='cam/cam_plainnet_1xb32-15e_scenes-96px.py')
first = '{{$WSOLZOO_WORK_DIRS:work_dirs}}/cam_plainnet_1xb32-15e_scenes-96px'
trained = dict(type='Pretrained', checkpoint=first + '/epoch_15.pth')
trunk = dict(**trained, prefix='backbone.')
