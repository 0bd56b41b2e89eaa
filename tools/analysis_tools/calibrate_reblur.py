"""Calibrate the baselines of blur without a network on generated pictures: what a config of them needs.

    python tools/analysis_tools/calibrate_reblur.py data/defocus/scenes-train data/defocus/photos-train

Prints the table of :class:`wsolzoo.methods.reblur.ReblurRatio` and the median blur for ``ConstantMap``.
"""

import argparse


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description='Table of blur by re-blur ratio, from pictures with known blur.')
    parser.add_argument('folders', nargs='+', metavar='DIR', help='folders made by make_defocus.py')
    parser.add_argument('--images', type=int, default=200, help='of each folder, evenly spread')
    parser.add_argument('--stride', type=int, default=4, help='take every so many-th pixel')
    parser.add_argument('--knots', type=int, default=16, help='rows of the table')
    return parser.parse_args(argv)


def samples(folder: str, images: int, stride: int):
    """Ratio and true blur (n,) of pixels of a generated folder."""
    import cv2
    import numpy as np
    import torch

    from wsolzoo.datasets.defocus.readers import GeneratedDefocus
    from wsolzoo.methods.reblur import reblur_ratio
    from wsolzoo.synthetic.optics.lens import to_sigma

    data = GeneratedDefocus(folder)
    for place in np.unique(np.linspace(0, len(data) - 1, images).round().astype(int)):
        info = data.get_data_info(int(place))
        image = cv2.cvtColor(cv2.imread(info['img_path']), cv2.COLOR_BGR2RGB)
        stored = cv2.imread(info['defocus_path'], cv2.IMREAD_UNCHANGED)
        ratio = reblur_ratio(torch.from_numpy(image.transpose(2, 0, 1)[None] / np.float32(255)))[0, 0].numpy()
        sigma = to_sigma(stored / data.map_scale, data.map_unit)
        yield ratio[::stride, ::stride].ravel(), sigma[::stride, ::stride].ravel()


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    args = parse_args(argv)
    import numpy as np

    from wsolzoo.methods.reblur import calibrate

    pairs = [pair for folder in args.folders for pair in samples(folder, args.images, args.stride)]
    ratios, sigmas = (np.concatenate(column) for column in zip(*pairs))
    print('table =', calibrate(ratios, sigmas, args.knots))
    print('median =', round(float(np.median(sigmas)), 3))


if __name__ == '__main__':
    main()
