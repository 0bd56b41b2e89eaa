# The paper's length on ILSVRC is not known; ours is that of Choe et al., with the rate falling at the same shares.
_base_ = './pas_200e.py'
param_scheduler = dict(milestones=[3, 6, 9])
train_cfg = dict(max_epochs=10, val_interval=1)
