# Whole pictures, one at a time, as the reference learns.
_base_ = './msra10k_352px.py'
train_dataloader = dict(batch_size=1, dataset=dict(pipeline=_base_.whole_pipeline))
