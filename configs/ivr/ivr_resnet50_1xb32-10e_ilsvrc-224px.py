# CAM as it is trained; its maps by each normaliser of the paper. Test the checkpoint of the base with it.
_base_ = '../cam/cam_resnet50_1xb32-10e_ilsvrc-224px.py'
model = dict(head=dict(num_classes=1000))
train_dataloader = dict(batch_size=32)
val_evaluator = test_evaluator = dict(
    protocols=['choe2020-v2', 'choe2020-v2-max', 'choe2020-v2-pas', 'choe2020-v2-ivr']
)
