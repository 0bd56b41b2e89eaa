_base_ = [
    '../_base_/models/constant-blur.py',
    '../_base_/datasets/defocus-test.py',
    '../_base_/default_runtime.py',
]
test_dataloader = dict(batch_size=1)
