model = dict(
    type='DMENet',
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[0, 0, 0], std=[255, 255, 255], bgr_to_rgb=True),
    network=dict(
        type='BlurNet',
        encoder=dict(type='VGG19', width=0.125),
        base=8,
        residuals=3,
        aux=True,
        pixels='torchvision',
    ),
    domain=dict(type='DomainNet', base=8),
    sharpness=dict(type='SharpnessNet', error='squared'),
    content=dict(
        type='ContentNet',
        encoder=dict(type='VGG19', width=0.125, padding='zeros', out_stages=('conv4_4',)),
        pixels='torchvision',
    ),
    fit='crop',
)
