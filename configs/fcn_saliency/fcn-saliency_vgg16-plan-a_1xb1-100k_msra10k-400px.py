_base_ = [
    '../_base_/models/fcn_vgg16-reference.py',
    '../_base_/datasets/msra10k_400px.py',
    '../_base_/schedules/fcn_100k.py',
    '../_base_/iterations_runtime.py',
]
train_dataloader = dict(batch_size=1)
widths = dict(
    conv1_1=32,
    conv1_2=32,
    conv2_1=64,
    conv2_2=64,
    conv3_1=128,
    conv3_2=128,
    conv3_3=128,
    conv4_1=256,
    conv4_2=256,
    conv4_3=256,
    conv5_1=256,
    conv5_2=256,
    conv5_3=256,
)
model = dict(network=dict(widths=widths, mid_channels=(2048, 2048)))
width_plan = dict(rules=[dict(layers=['conv\\d_\\d', 'fc6', 'fc7'], ratio=0.5, select='first')])
