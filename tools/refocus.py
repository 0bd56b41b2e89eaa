"""Put the focus of a photograph elsewhere, by its estimated defocus map.

    python tools/refocus.py photo.jpg --focus 420,130
    python tools/refocus.py photo.jpg --focus 420,130 --strength 3 --out sharper.jpg

Writes the photograph, the map over its colour bar, and the photograph refocused, side by side. Blur is only added: what
is as blurred as the point stays, everything else is blurred by how far it is from that. A sharp subject can be pushed
out of focus, but a blurred one cannot be made sharp.
"""

import argparse
import sys
from pathlib import Path

MODEL = 'dmenet_vgg19-eighth-b_1xb4-8e_defocus-photos-128px'


def point(text: str) -> tuple[int, int]:
    """``x,y`` in pixels."""
    x, y = text.split(',')
    return int(x), int(y)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('picture', help='a photograph')
    parser.add_argument('--focus', type=point, required=True, metavar='X,Y', help='what is to be sharp, in pixels')
    parser.add_argument('--strength', type=float, default=2.0, help='1 moves the focus, more narrows its depth')
    parser.add_argument('--model', default=MODEL, help='zoo model or config that estimates blur (default: %(default)s)')
    parser.add_argument('--checkpoint', help='weights (default: those the zoo publishes for the model)')
    parser.add_argument('--out', default='refocused.jpg', help='picture to write (default: %(default)s)')
    parser.add_argument('--width', type=int, help='shrink what is written to so many pixels')
    parser.add_argument('--alone', action='store_true', help='write the refocused photograph without the other two')
    parser.add_argument('--device', help='such as cpu or cuda:1 (default: the first GPU, else the CPU)')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Estimate, refocus, write; returns the exit status: 2 where an argument is wrong."""
    args = parse_args(argv)
    import cv2
    import numpy as np

    from wsolzoo.apis.inferencer import Inferencer
    from wsolzoo.run import launch
    from wsolzoo.synthetic.optics.refocus import refocus
    from wsolzoo.visualization import save_picture
    from wsolzoo.visualization.overlay import color_bar, colorize

    try:
        result = Inferencer(args.model, args.checkpoint or True, args.device)(args.picture)[0]
        if 'sigma' not in result:
            raise ValueError(f'{args.model} estimates no blur; take a model of defocus')
        image, sigma, top = result['image'], result['sigma'], result['max_sigma']
        picture = refocus(image, sigma, args.focus, args.strength)
        if not args.alone:
            shown = [mark(image, args.focus), colorize(np.clip(sigma / top, 0, 1)), picture]
            picture = np.concatenate(shown, axis=1)
            picture = np.concatenate([picture, color_bar(0, top, 'px (sigma)', width=picture.shape[1])])
        if args.width and args.width < picture.shape[1]:
            height = round(picture.shape[0] * args.width / picture.shape[1])
            picture = cv2.resize(picture, (args.width, height), interpolation=cv2.INTER_AREA)
        save_picture(Path(args.out), picture)
    except (*launch.EXPLAINED, ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(args.out)
    return 0


def mark(image, focus: tuple[int, int]):
    """A copy of the picture with a ring around the point."""
    import cv2

    size = max(6, min(image.shape[:2]) // 40)
    ringed = cv2.circle(image.copy(), focus, size, (255, 255, 255), 3, cv2.LINE_AA)
    return cv2.circle(ringed, focus, size, (220, 30, 30), 1, cv2.LINE_AA)


if __name__ == '__main__':
    sys.exit(main())
