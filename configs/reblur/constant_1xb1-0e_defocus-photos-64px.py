_base_ = [
    '../_base_/models/constant-blur.py',
    '../_base_/datasets/defocus-photos_64px.py',
    '../_base_/schedules/dmenet_4e.py',
    '../_base_/default_runtime.py',
]
