_base_ = [
    '../_base_/models/dmenet_vgg19.py',
    '../_base_/datasets/syndof_240px.py',
    '../_base_/schedules/dmenet_10000e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=9)
# Faint at the start, under 1 % of the gradient: adversarial, calibration.
# Both keep their published weights: equation 5 is to nudge the features of photographs, not to compete with the maps,
# and calibration gains as content falls, which is nine tenths of the gradient of an untrained network.
