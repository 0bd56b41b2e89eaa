# The masks of 370 pets as salient objects; the unsure rim belongs to the pet.
_base_ = './saliency.py'
data_root = '{{$WSOLZOO_DATA:../shared/data}}/wsol-open'
pets = dict(type='BoxCSV', data_root=data_root, subset='oxford_pets370', class_column='class', role='train-fullsup')
learning = dict(**pets, split='train', holdout=3)
mask = [dict(type='LoadImage'), dict(type='LoadMask', ignore_value=None)]
pets_test = [*mask, dict(type='AntialiasResize', size=128), _base_.pack]
larger = [[dict(type='AntialiasResize', size=size)] for size in (136, 152, 176, 208)]
window = [dict(type='RandomChoice', transforms=larger), dict(type='RandomCrop', size=128)]
workers = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(
    **workers,
    batch_size=16,
    dataset=dict(**learning, pipeline=[*mask, *window, dict(type='RandomFlip', prob=0.5), _base_.pack]),
)
val_dataloader = dict(num_workers=0, dataset=dict(**learning, held_out=True, pipeline=pets_test))
test_dataloader = dict(num_workers=0, dataset=dict(pets, role='test', split='test', pipeline=pets_test))
