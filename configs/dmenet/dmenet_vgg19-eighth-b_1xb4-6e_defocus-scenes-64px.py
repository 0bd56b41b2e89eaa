_base_ = [
    '../_base_/models/dmenet_vgg19-eighth-b.py',
    '../_base_/datasets/defocus-scenes2photos_64px.py',
    '../_base_/schedules/dmenet_6e.py',
    '../_base_/default_runtime.py',
]
model = dict(views=1)
# What D, C, S and the auxiliary losses are measured against: the same crops of scenes, and no others.
train_dataloader = dict(batch_size=4, dataset=dict(sources=[_base_.scenes]), sampler=dict(counts=(4,)))
