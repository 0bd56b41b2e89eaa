_base_ = './localizer.py'
model = dict(
    backbone=dict(
        type='TimmViT',
        model_name='deit_small_patch16_224',
        pretrained=True,
        drop_path_rate=0.1,
        out_stages=('attn', 'norm'),
    )
)
