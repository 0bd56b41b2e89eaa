_base_ = [
    '../_base_/models/spol-mask_resnet50.py',
    '../_base_/datasets/cub_224px_spol2021.py',
    '../_base_/schedules/spol_32e.py',
    '../_base_/default_runtime.py',
]
work_dirs = '{{$WSOLZOO_WORK_DIRS:work_dirs}}'
trained = dict(type='Pretrained', checkpoint=work_dirs + '/cam_resnet50_1xb32-50e_cub-224px/epoch_50.pth')
folder = work_dirs + '/spol_resnet50-cam_1xb64-32e_cub-224px/masks'
labels = dict(folder=folder, kind='masks', rule='gaussian', normalizer='max')
first_phase = [
    dict(config='cam/cam_resnet50_1xb32-50e_cub-224px.py'),
    dict(config='spol/spol_resnet50-cam_1xb64-32e_cub-224px.py', labels=labels),
]
model = dict(head=dict(num_classes=200, classifier=dict(init_cfg=trained)))
masks = dict(type='LoadPseudoLabels', folder=folder, kind='masks')
train_dataloader = dict(batch_size=128, dataset=dict(pipeline=[_base_.load, masks, *_base_.train_pipeline[1:]]))
optim_wrapper = dict(paramwise_cfg=dict(rules=[]))
auto_scale_lr = dict(base_batch_size=128)
train_cfg = dict(max_epochs=8)
val_evaluator = test_evaluator = dict(fixed={'spol2021': 0.2})
