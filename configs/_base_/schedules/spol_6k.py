# On ILSVRC steps are counted: less than an epoch of 128 images a step.
_base_ = './spol_32e.py'
auto_scale_lr = dict(base_batch_size=128)
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=6000, val_interval=2000)
