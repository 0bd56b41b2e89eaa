_base_ = './deit-s.py'
model = dict(
    backbone=dict(type='SpatialTokenTimmViT'),
    head=dict(type='SATHead', num_classes=200, area=0.25, loss_weight=dict(area=1.0, norm=1.0)),
)
