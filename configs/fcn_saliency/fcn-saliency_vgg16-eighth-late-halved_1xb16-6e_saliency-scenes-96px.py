# Cut out of the -eighth of 12 epochs by its own plan and trained again: load_from what tools/prune.py wrote.
_base_ = [
    '../_base_/models/fcn_vgg16-eighth.py',
    '../_base_/datasets/saliency-scenes_96px.py',
    '../_base_/schedules/saliency_6e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=16)
conv4, conv5 = dict(conv4_1=32, conv4_2=32, conv4_3=32), dict(conv5_1=32, conv5_2=32, conv5_3=32)
model = dict(network=dict(widths=dict(**conv4, **conv5), mid_channels=(128, 128)))
width_plan = dict(rules=[dict(layers=['conv[45]_\\d', 'fc6', 'fc7'], ratio=0.5, select='taylor')])
