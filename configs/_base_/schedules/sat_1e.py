# On ILSVRC: one epoch of 512 images a step.
_base_ = './sat_30e.py'
optim_wrapper = dict(optimizer=dict(lr=1.5e-5))
auto_scale_lr = dict(base_batch_size=512)
train_cfg = dict(max_epochs=1)
