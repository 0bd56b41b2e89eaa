_base_ = './localizer.py'
model = dict(
    backbone=dict(
        type='TimmViT',
        model_name='vit_small_patch14_dinov2',
        pretrained=True,
        freeze=True,
        out_stages=('blocks.11', 'cls'),
    ),
    head=dict(type='TriHead', num_classes=200, loss_weight=dict(background=100.0)),
)
