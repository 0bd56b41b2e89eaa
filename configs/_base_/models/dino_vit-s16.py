_base_ = './localizer.py'
model = dict(backbone=dict(type='TimmViT', model_name='vit_small_patch16_224.dino', pretrained=True, freeze=True))
