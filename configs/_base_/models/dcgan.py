# Pictures of 32 pixels; predictions are made with the running mean of the generator.
model = dict(
    type='GAN',
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3),
    generator=dict(type='DCGANGenerator', size=32, latent=64, base=32),
    discriminator=dict(type='DCGANDiscriminator', size=32, base=32, norm=True),
    loss=dict(type='NonSaturatingLoss'),
    critic_steps=1,
    average=0.995,
)
