"""Pictures to try style transfer with, all drawn by program: a scene, strokes of a brush, and a mosaic.

python tools/visualization/style_pictures.py work_dirs/style
python tools/stylize.py work_dirs/style/scene.png work_dirs/style/strokes.png --out work_dirs/style/painted.png
"""

import argparse
import sys
from pathlib import Path

BRUSH = [(20, 40, 95), (40, 90, 160), (90, 150, 200), (240, 200, 80), (250, 230, 150), (200, 120, 40), (30, 60, 50)]
STONE = [(200, 60, 40), (240, 190, 60), (30, 110, 130), (245, 235, 210), (60, 40, 70), (90, 160, 110)]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out_dir', help='where scene.png, strokes.png and mosaic.png go; made if absent')
    parser.add_argument('--scene', type=int, default=10, help='which of the test scenes (default: %(default)s)')
    parser.add_argument('--side', type=int, default=256, help='of the pictures, in pixels (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='of strokes and mosaic')
    return parser.parse_args(argv)


def scene(index: int, side: int):
    """A built-in scene (side, side, 3) uint8 RGB, enlarged from 128 pixels."""
    import cv2
    import numpy as np

    from wsolzoo.synthetic.scenes import draw_scene

    small = draw_scene(0, 'test', index, size=128).image[..., ::-1]
    return cv2.resize(np.ascontiguousarray(small), (side, side), interpolation=cv2.INTER_CUBIC)


def strokes(rng, side: int):
    """Short strokes that circle the nearest of four centres, (side, side, 3) uint8 RGB."""
    import cv2
    import numpy as np

    canvas = np.full((side, side, 3), BRUSH[0], np.uint8)
    centres = rng.random((4, 2)) * side
    step, width = side / 80, max(1, side // 80)
    for _ in range(6000):
        points = [rng.random(2) * side]
        centre = centres[np.argmin(((centres - points[0]) ** 2).sum(1))]
        color = np.clip(np.array(BRUSH[rng.integers(len(BRUSH))]) + rng.integers(-18, 18, 3), 0, 255)
        for _ in range(7):
            across, down = points[-1] - centre
            points.append(points[-1] + step * np.array([-down, across]) / (np.hypot(across, down) + 1e-6))
        line = np.round(np.array(points) * 8).astype(np.int32)
        cv2.polylines(canvas, [line], False, color.tolist(), width, cv2.LINE_AA, shift=3)
    return canvas


def mosaic(rng, side: int, count: int = 400):
    """Stones with dark joints, each the region nearest to a point, (side, side, 3) uint8 RGB."""
    import numpy as np

    points = rng.random((count, 2)) * side
    rows, columns = np.mgrid[:side, :side]
    away = np.stack([np.hypot(columns - x, rows - y) for x, y in points])
    nearest, (first, second) = away.argmin(0), np.partition(away, 1, axis=0)[:2]
    colors = np.array(STONE)[rng.integers(len(STONE), size=count)] + rng.integers(-25, 25, (count, 1))
    return np.where((second - first < side / 140)[..., None], (25, 22, 28), np.clip(colors, 0, 255)[nearest]).astype(
        np.uint8
    )


def main(argv: list[str] | None = None) -> int:
    """Draw; returns the exit status."""
    args = parse_args(argv)
    import numpy as np

    from wsolzoo.visualization.visualizer import save_picture

    rng, out = np.random.default_rng(args.seed), Path(args.out_dir)
    print(save_picture(out / 'scene.png', scene(args.scene, args.side)))
    print(save_picture(out / 'strokes.png', strokes(rng, args.side)))
    print(save_picture(out / 'mosaic.png', mosaic(rng, args.side)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
