_base_ = [
    '../_base_/models/dmenet_vgg19.py',
    '../_base_/datasets/syndof_240px.py',
    '../_base_/schedules/dmenet_10000e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=9)
# Terms under 1 % of the gradient at the start, and why they stay there.
faint = dict(
    adversarial='published weight; equation 5 is to nudge the features of photographs, not to compete with the maps',
    calibration='published weight, 1 to 1.5 % at the start; it grows as content, which is largest at the start, falls',
)
