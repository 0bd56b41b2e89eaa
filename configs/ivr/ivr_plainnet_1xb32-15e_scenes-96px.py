# CAM as it is trained; its maps by each normaliser of the paper. Test the checkpoint of the base with it.
_base_ = '../cam/cam_plainnet_1xb32-15e_scenes-96px.py'
model = dict(head=dict(num_classes=10))
train_dataloader = dict(batch_size=32)
v2, pixels = ['choe2020-v2-max', 'choe2020-v2-pas', 'choe2020-v2-ivr'], ['choe2020-pxap-max', 'choe2020-pxap-ivr']
val_evaluator = test_evaluator = dict(protocols=['choe2020-v2', *v2, 'choe2020-pxap', *pixels])
