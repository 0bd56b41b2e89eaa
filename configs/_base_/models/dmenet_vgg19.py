model = dict(
    type='DMENet',
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[0, 0, 0], std=[255, 255, 255], bgr_to_rgb=True),
    network=dict(
        type='BlurNet',
        encoder=dict(type='VGG19', init_cfg=dict(type='Pretrained', checkpoint='torchvision://vgg19')),
        base=64,
        residuals=7,
        aux=True,
        pixels='torchvision',
    ),
    domain=dict(type='DomainNet', base=64),
    sharpness=dict(type='SharpnessNet', error='squared'),
    content=dict(
        type='ContentNet',
        encoder=dict(
            type='VGG19',
            padding='zeros',
            out_stages=('conv4_4',),
            init_cfg=dict(type='Pretrained', checkpoint='torchvision://vgg19'),
        ),
        pixels='torchvision',
    ),
    loss_weight=dict(map=1.0, aux=1.0, domain=1e-3, adversarial=1e-3, calibration=2e-2, content=0.33),
    map_unit='sigma7',
    fit='crop',
)
