_base_ = './trilite_200e.py'
train_cfg = dict(max_epochs=100)
