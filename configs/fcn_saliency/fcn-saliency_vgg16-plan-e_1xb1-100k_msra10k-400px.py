_base_ = [
    '../_base_/models/fcn_vgg16-reference.py',
    '../_base_/datasets/msra10k_400px.py',
    '../_base_/schedules/fcn_100k.py',
    '../_base_/iterations_runtime.py',
]
train_dataloader = dict(batch_size=1)
model = dict(network=dict(widths=dict(conv5_1=256, conv5_2=256, conv5_3=256)))
width_plan = dict(rules=[dict(layers=['conv5_[123]'], ratio=0.5, select='first')])
