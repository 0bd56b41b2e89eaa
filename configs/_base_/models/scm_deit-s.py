_base_ = './deit-s.py'
model = dict(head=dict(type='SCMHead', num_classes=200))
