_base_ = './deit-s.py'
model = dict(head=dict(type='TSCAMHead', num_classes=200, loss_weight=0.0))
