# A decoder on ResNet50 and its classifier, both as they were trained before.
_base_ = './cam_resnet50.py'
model = dict(
    backbone=dict(out_stages=('stem', 'layer1', 'layer2', 'layer3', 'layer4'), freeze=True),
    head=dict(
        _delete_=True,
        type='FCAMHead',
        num_classes=200,
        classifier=_base_.model.head,
        loss_weight=dict(seeds=1.0, size=0.1, colour=0.1, cls=0.0),
        widths=(256, 128, 64, 32, 16),
    ),
)
