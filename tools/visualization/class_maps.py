"""The class-average foreground maps of a checkpoint as one picture.

python tools/visualization/class_maps.py work_dirs/class_average/epoch_27.pth --out class_maps.png
"""

import argparse
import sys
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description='Draw the class-average foreground maps of a checkpoint.')
    parser.add_argument('checkpoint', help='checkpoint of a run with ClassAverageLoss')
    parser.add_argument('--out', default='class_maps.png', metavar='FILE', help='picture to write')
    parser.add_argument('--classes', type=int, nargs='+', metavar='INDEX', help='draw these classes only')
    parser.add_argument('--columns', type=int, default=10, help='maps in a row')
    parser.add_argument('--size', type=int, default=96, help='side of a map in pixels')
    args = parser.parse_args(argv)
    if Path(args.out).suffix.lower() not in ('.png', '.jpg', '.jpeg', '.webp'):
        parser.error(f'--out is a picture, .png, .jpg or .webp; got {args.out}')
    return args


def class_maps(state_dict: dict):
    """Mean maps (K, h, w) and counts (K,) among the weights of a model.

    Raises:
        ValueError: there are none, or the late phase has not begun.
    """
    found = [name for name in state_dict if name.endswith('mean_maps')]
    if not found:
        raise ValueError('the checkpoint holds no class-average maps: it is not of a model with ClassAverageLoss')
    maps, counts = state_dict[found[0]].numpy(), state_dict[found[0].replace('mean_maps', 'counts')].numpy()
    if not counts.any():
        raise ValueError('the class-average maps are still empty: the checkpoint is of the early phase')
    return maps, counts


def sheet(maps, counts, names: list[str], columns: int, size: int):
    """All maps on one sheet, (H, W, 3) uint8 RGB, each on the scale from 0 to 1."""
    import cv2
    import numpy as np

    from wsolzoo.visualization.overlay import colorize, draw_text

    cells = []
    for map, count, name in zip(maps, counts, names, strict=True):
        picture = colorize(cv2.resize(map, (size, size), interpolation=cv2.INTER_CUBIC).clip(0, 1))
        caption = draw_text(np.full((18, size, 3), 24, np.uint8), f'{name} ({count})', (3, 2), size=11)
        cells.append(np.pad(np.concatenate([picture, caption]), ((0, 4), (0, 4), (0, 0)), constant_values=24))
    cells += [np.full_like(cells[0], 24)] * (-len(cells) % min(columns, len(cells)))
    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])


def main(argv: list[str] | None = None) -> int:
    """Draw; returns the exit status: 0, or 2 where there is nothing to draw."""
    args = parse_args(argv)
    from wsolzoo.engine.weights.checkpoint import load_from_local
    from wsolzoo.visualization.visualizer import save_picture

    try:
        checkpoint = load_from_local(args.checkpoint, map_location='cpu')
        maps, counts = class_maps(checkpoint.get('state_dict', checkpoint))
        picked = args.classes or range(len(maps))
        if not all(0 <= index < len(maps) for index in picked):
            raise ValueError(f'--classes are 0 to {len(maps) - 1}; got {", ".join(map(str, picked))}')
    except (OSError, ValueError) as error:
        print(f'error: {args.checkpoint}: {error}', file=sys.stderr)
        return 2
    names = list(checkpoint.get('meta', {}).get('dataset_meta', {}).get('classes', []))
    labels = [names[i] if i < len(names) else f'class {i}' for i in picked]
    picture = sheet(maps[list(picked)], counts[list(picked)], labels, min(args.columns, len(labels)), args.size)
    print(save_picture(Path(args.out), picture))
    return 0


if __name__ == '__main__':
    sys.exit(main())
