# The late phase alone, on whole images: a class's average has places that a crop has not.
_base_ = [
    '../_base_/models/bas_plainnet-v1.py',
    '../_base_/datasets/scenes_96px.py',
    '../_base_/schedules/adamw_6e.py',
    '../_base_/default_runtime.py',
]
first_phase = dict(config='bas/bas_plainnet-crops_1xb32-9e_scenes-96px.py')
load_from = '{{$WSOLZOO_WORK_DIRS:work_dirs}}/bas_plainnet-crops_1xb32-9e_scenes-96px/epoch_9.pth'
model = dict(
    head=dict(num_classes=10),
    losses=[dict(type='ClassAverageLoss', num_classes=10, map_size=(24, 24), loss_weight=0.1)],
)
train_dataloader = dict(batch_size=32, dataset=dict(count=6000))
average = dict(type='ClassAverageHook', begin=0, pipeline=_base_.test_pipeline)
custom_hooks = [dict(type='NormEvalHook', begin=0), average]
optim_wrapper = dict(optimizer=dict(lr=5e-4))
param_scheduler = [dict(_base_.cosine, begin=0, end=2)]
train_cfg = dict(max_epochs=2, val_interval=2)
