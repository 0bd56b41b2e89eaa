# DUTS: its own split; one training picture in twenty is set apart to watch the training, ECSSD reports.
_base_ = './saliency.py'
duts = dict(type='SalientObjects', layout='duts-tr', data_root='data/duts', holdout=20)
train_dataloader = dict(dataset=duts)
val_dataloader = dict(dataset=dict(**duts, held_out=True))
test_dataloader = dict(dataset=dict(type='SalientObjects', layout='ecssd', data_root='data/ecssd'))
