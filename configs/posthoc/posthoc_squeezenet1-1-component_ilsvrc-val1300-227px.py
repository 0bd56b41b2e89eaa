# CAM plus the first principal component of the last stage, on the weights of the CAM config.
_base_ = [
    '../_base_/models/cam_squeezenet1-1.py',
    '../_base_/datasets/ilsvrc-val1300_227px.py',
    '../_base_/default_runtime.py',
]
model = dict(type='PostHocCAM', method='cam+component', stage='fire9', head=dict(num_classes=1000))
test_dataloader = dict(batch_size=64)
load_from = 'checkpoints/squeezenet1_1_imagenet_fp16-63f97cdd.pth'
