# The table: python tools/analysis_tools/calibrate_reblur.py $P $P $P data/defocus/scenes-train --images 100
# with P=data/defocus/photos-train: three photographs for every scene, as the network beside it is trained. The
# photographs were resized by 0.6 to 1 for it.
model = dict(
    type='Estimator',
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[0, 0, 0], std=[255, 255, 255], bgr_to_rgb=True),
    network=dict(
        type='ReblurRatio',
        table=[
            (0.2284, 0.0),
            (0.3141, 0.1),
            (0.3736, 0.1),
            (0.4213, 0.2),
            (0.465, 0.2),
            (0.5069, 0.3),
            (0.549, 0.4),
            (0.5931, 0.6),
            (0.6418, 0.9),
            (0.6962, 1.2),
            (0.7517, 1.5),
            (0.8023, 1.8),
            (0.8456, 2.1),
            (0.8837, 2.5),
            (0.9186, 3.0),
            (0.9554, 3.4),
        ],
    ),
    map_unit='sigma7',
    max_sigma=3.5,
    fit='crop',
)
