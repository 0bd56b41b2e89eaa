# MSRA10K; it has no official split: every fifth picture, in the order of names, reports. The same ones watch the
# training, which chooses nothing by them.
_base_ = './saliency.py'
msra10k = dict(type='SalientObjects', layout='msra10k', data_root='data/msra10k', holdout=5)
train_dataloader = dict(dataset=msra10k)
val_dataloader = dict(dataset=dict(**msra10k, held_out=True))
test_dataloader = dict(dataset=dict(**msra10k, held_out=True))
