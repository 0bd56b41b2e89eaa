# DUT-OMRON; it has no official split: every fifth picture, in the order of names, reports.
_base_ = './saliency.py'
omron = dict(type='SalientObjects', layout='dut-omron', data_root='data/dut-omron', holdout=5)
train_dataloader = dict(dataset=omron)
val_dataloader = dict(dataset=dict(**omron, held_out=True))
test_dataloader = dict(dataset=dict(**omron, held_out=True))
