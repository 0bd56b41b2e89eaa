_base_ = [
    '../_base_/models/spol-mask_resnet50.py',
    '../_base_/datasets/ilsvrc_224px_spol2021.py',
    '../_base_/schedules/spol_6k.py',
    '../_base_/iterations_runtime.py',
]
work_dirs = '{{$WSOLZOO_WORK_DIRS:work_dirs}}'
trained = dict(type='Pretrained', checkpoint=work_dirs + '/cam_resnet50_1xb32-10e_ilsvrc-224px/epoch_10.pth')
folder = work_dirs + '/spol_resnet50-cam_4xb32-6k_ilsvrc-224px/masks'
labels = dict(folder=folder, kind='masks', rule='gaussian', normalizer='max')
first_phase = [
    dict(config='cam/cam_resnet50_1xb32-10e_ilsvrc-224px.py'),
    dict(config='spol/spol_resnet50-cam_4xb32-6k_ilsvrc-224px.py', labels=labels),
]
model = dict(head=dict(num_classes=1000, classifier=dict(head=dict(num_classes=1000), init_cfg=trained)))
masks = dict(type='LoadPseudoLabels', folder=folder, kind='masks')
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=[_base_.load, masks, *_base_.train_pipeline[1:]]))
optim_wrapper = dict(paramwise_cfg=dict(rules=[]))
val_evaluator = test_evaluator = dict(fixed={'spol2021': 0.8})
