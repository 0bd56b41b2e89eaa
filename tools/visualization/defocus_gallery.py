"""Pictures of a defocus model: image, estimated map and, where there is one, the true map, over a colour bar.

    python tools/visualization/defocus_gallery.py CONFIG CHECKPOINT out.jpg pairs-test/images/A.png photo.jpg

An image that lies in a folder made by make_defocus.py is shown with its truth.
"""

import argparse
import json
import sys
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('out', help='picture to write')
    parser.add_argument('images', nargs='+')
    parser.add_argument('--width', type=int, default=300, help='of one picture')
    parser.add_argument('--limit', type=float, default=4.0, help='blur in pixels at the end of the colour bar')
    return parser.parse_args(argv)


def truth_of(image: Path):
    """True blur in pixels (H, W) of an image of a generated set, or ``None``."""
    import cv2

    from wsolzoo.synthetic.optics.lens import to_sigma

    meta = image.parent.parent / 'meta.json'
    if not meta.is_file():
        return None
    told = json.loads(meta.read_text(encoding='utf-8'))
    stored = cv2.imread(str(image.parent.parent / 'maps' / image.name), cv2.IMREAD_UNCHANGED)
    return to_sigma(stored / told['map_scale'], told['map_unit'])


def main(argv: list[str] | None = None) -> int:
    """Draw; returns the exit status."""
    args = parse_args(argv)
    import cv2
    import numpy as np

    from wsolzoo.apis import Inferencer
    from wsolzoo.visualization.overlay import color_bar, colorize

    def cell(picture: np.ndarray) -> np.ndarray:
        height = round(args.width * picture.shape[0] / picture.shape[1])
        return cv2.resize(picture, (args.width, height), interpolation=cv2.INTER_AREA)

    def blur(sigma: np.ndarray) -> np.ndarray:
        return colorize(np.clip(sigma / args.limit, 0, 1))

    inferencer, rows = Inferencer(args.config, args.checkpoint), []
    for path in map(Path, args.images):
        result, truth = inferencer(path)[0], truth_of(path)
        right = blur(truth) if truth is not None else np.full_like(result['image'], 255)
        rows.append(np.concatenate([cell(part) for part in (result['image'], blur(result['sigma']), right)], axis=1))
    rows.append(color_bar(0, args.limit, 'px (sigma)', width=3 * args.width))
    picture = cv2.cvtColor(np.concatenate(rows), cv2.COLOR_RGB2BGR)
    cv2.imwrite(args.out, picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return 0


if __name__ == '__main__':
    sys.exit(main())
