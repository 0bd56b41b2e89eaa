_base_ = [
    '../_base_/models/cam_squeezenet1-1.py',
    '../_base_/datasets/ilsvrc-val1300_227px.py',
    '../_base_/default_runtime.py',
]
model = dict(head=dict(num_classes=1000))
test_dataloader = dict(batch_size=64)
load_from = 'checkpoints/squeezenet1_1_imagenet_fp16-63f97cdd.pth'
