# Table: tools/analysis_tools/calibrate_reblur.py on drawn scenes and photographs with a drawn depth.
model = dict(
    type='Estimator',
    data_preprocessor=dict(type='ImgDataPreprocessor', mean=[0, 0, 0], std=[255, 255, 255], bgr_to_rgb=True),
    network=dict(
        type='ReblurRatio',
        table=[(0.2486, 0.5), (0.3242, 0.5), (0.38, 0.6), (0.4284, 0.8), (0.475, 0.9), (0.5242, 1.1), (0.5752, 1.4), (0.6242, 1.6), (0.6675, 2.0), (0.7071, 2.2), (0.744, 2.5), (0.7764, 2.7), (0.8074, 2.9), (0.8367, 3.2), (0.8707, 3.4), (0.9196, 3.5)],
    ),
    map_unit='sigma7',
    max_sigma=3.5,
    fit='crop',
)
