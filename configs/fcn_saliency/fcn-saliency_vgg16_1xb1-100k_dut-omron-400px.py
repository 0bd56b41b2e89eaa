_base_ = [
    '../_base_/models/fcn_vgg16-reference.py',
    '../_base_/datasets/dut-omron_400px.py',
    '../_base_/schedules/fcn_100k.py',
    '../_base_/iterations_runtime.py',
]
train_dataloader = dict(batch_size=1)
