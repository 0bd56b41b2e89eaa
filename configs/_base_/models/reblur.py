# The table: python tools/analysis_tools/calibrate_reblur.py $P $P $P data/defocus/scenes-train --images 100
# with P=data/defocus/photos-train: three photographs for every scene, as the network beside it is trained.
model = dict(
    type='Estimator',
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[0, 0, 0], std=[255, 255, 255], bgr_to_rgb=True),
    network=dict(
        type='ReblurRatio',
        table=[
            (0.2348, 0.2),
            (0.3168, 0.2),
            (0.3721, 0.3),
            (0.4201, 0.4),
            (0.4652, 0.5),
            (0.5077, 0.6),
            (0.5497, 0.8),
            (0.593, 0.9),
            (0.6366, 1.2),
            (0.6787, 1.5),
            (0.7206, 1.8),
            (0.7612, 2.0),
            (0.7995, 2.3),
            (0.8357, 2.6),
            (0.8734, 2.8),
            (0.9202, 3.3),
        ],
    ),
    map_unit='sigma7',
    max_sigma=3.5,
    fit='crop',
)
