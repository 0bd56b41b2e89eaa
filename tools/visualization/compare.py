"""Several models on the same images, side by side: photograph, then one column a model with its map, and box if any.

Your own images:

    python tools/visualization/compare.py bird.jpg --model CAM cam.py cam.pth --model BAS bas.py bas.pth --out bird.png

Images of the first model's test split, drawn by a seed and not by hand:

    python tools/visualization/compare.py --sample 6 --seed 0 --model CAM cam.py cam.pth --model BAS bas.py bas.pth
"""

import argparse
import sys
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('images', nargs='*', help='image files or folders')
    parser.add_argument(
        '--model', nargs=3, action='append', required=True, metavar=('NAME', 'CONFIG', 'CHECKPOINT'), dest='models'
    )
    parser.add_argument('--threshold', type=float, nargs='+', help='of the boxes: one, or one a model (default: 0.2)')
    parser.add_argument('--sample', type=int, default=0, metavar='N', help='take N images of the test split instead')
    parser.add_argument('--seed', type=int, default=0, help='of the sample')
    parser.add_argument('--out', default='compare.png', metavar='FILE', help='picture to write (png, jpg, webp)')
    parser.add_argument('--height', type=int, default=160, help='height of a row in pixels')
    args = parser.parse_args(argv)
    if bool(args.images) == bool(args.sample):
        parser.error('give images, or --sample N, and not both')
    if args.threshold and len(args.threshold) not in (1, len(args.models)):
        parser.error(f'--threshold takes one value or one a model ({len(args.models)}); got {len(args.threshold)}')
    if Path(args.out).suffix.lower() not in ('.png', '.jpg', '.jpeg', '.webp'):
        parser.error(f'--out is a picture, .png, .jpg or .webp; got {args.out}')
    return args


def sampled(config: str, count: int, seed: int, dense: bool) -> list[tuple]:
    """``(image RGB, true boxes, label, true map)`` of ``count`` images of the config's test split.

    Boxes and label are those of a localizer. Of a model of dense maps the image is what its pipeline gives, so that the
    true map or mask fits it.
    """
    import numpy as np
    from mmengine.registry import DefaultScope

    from wsolzoo.registry import DATASETS
    from wsolzoo.run.launch import load_config, prepare_environment

    prepare_environment()
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        dataset = DATASETS.build(load_config(config).test_dataloader.dataset)
    picked = np.sort(np.random.default_rng(seed).choice(len(dataset), min(count, len(dataset)), replace=False))
    out = []
    for index in picked:
        if dense:
            packed = dataset[int(index)]
            sample, image = packed['data_samples'], packed['inputs'].permute(1, 2, 0).numpy()
            out.append((image[..., ::-1].copy(), None, None, np.asarray(sample.get('gt_map', sample.get('gt_mask')))))
            continue
        info = dataset.get_data_info(int(index))
        if 'img' not in info:
            from wsolzoo.datasets.loading import LoadImage

            info = LoadImage()(info)
        out.append((info['img'][..., ::-1].copy(), info.get('gt_bboxes'), info['gt_label'], None))
    return out


def scaled(picture, height: int):
    """The picture at that height."""
    import cv2

    width = max(1, round(picture.shape[1] * height / picture.shape[0]))
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def sheet(rows: list[list], names: list[str]):
    """Rows of pictures of one height under their names, in columns as wide as the widest picture."""
    import numpy as np

    from wsolzoo.visualization.overlay import draw_text

    width = max(picture.shape[1] for row in rows for picture in row) + 4

    def cell(picture):
        return np.pad(picture, ((0, 4), (0, width - picture.shape[1]), (0, 0)), constant_values=24)

    header = np.full((24, width * len(names), 3), 24, np.uint8)
    for index, name in enumerate(names):
        header = draw_text(header, name, (index * width + 6, 4))
    return np.concatenate([header, *(np.concatenate([cell(picture) for picture in row], axis=1) for row in rows)])


def draw(args: argparse.Namespace):
    """The sheet, (H, W, 3) uint8 RGB."""
    import numpy as np
    from rich.progress import track

    from wsolzoo.apis import Inferencer
    from wsolzoo.apis.inferencer import expand
    from wsolzoo.visualization.overlay import draw_boxes, fit, overlay_map

    given = args.threshold or []
    options = [{'threshold': value} for value in given * (len(args.models) if len(given) == 1 else 1)]
    columns = [
        Inferencer(config, weights, **option)
        for (_, config, weights), option in zip(args.models, options or [{}] * len(args.models), strict=True)
    ]
    if args.sample:
        items = sampled(args.models[0][1], args.sample, args.seed, is_dense(columns[0]))
    else:
        items = [(image, None, None, None) for _, image in expand(args.images)]
    rows = []
    for image, true, label, truth in track(items, description='comparing'):
        results = [inferencer(image, label=label if uses_label(inferencer) else None)[0] for inferencer in columns]
        photo, factor = fit(results[0]['image'], low=args.height)
        true = None if true is None else np.asarray(true) * factor
        maps = [overlay_map(photo, truth.squeeze().astype(np.float32))] if truth is not None else []
        for found in results:
            boxes = found['boxes'] * factor if 'boxes' in found else None
            maps.append(draw_boxes(overlay_map(photo, found['map']), predicted=boxes, true=true))
        rows.append([scaled(picture, args.height) for picture in [draw_boxes(photo, true=true), *maps]])
    names = ['image', *['truth'] * (len(rows[0]) - 1 - len(columns)), *(model[0] for model in args.models)]
    return sheet(rows, names)


def is_dense(inferencer) -> bool:
    """Whether the model gives a value to every pixel, and knows no classes."""
    from wsolzoo.models.tasks.estimator import DenseMaps

    return isinstance(inferencer.task, DenseMaps)


def uses_label(inferencer) -> bool:
    """Whether the model is tested on the map of the true class, and not on those of the most probable ones."""
    return not is_dense(inferencer) and getattr(inferencer.model, 'cam_class', 'gt') == 'gt'


def main(argv: list[str] | None = None) -> int:
    """Draw; returns the exit status: 0, or 2 where the message says what is wrong and what to do."""
    args = parse_args(argv)
    from wsolzoo.run import launch
    from wsolzoo.visualization.visualizer import save_picture

    try:
        picture = draw(args)
    except launch.EXPLAINED as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(save_picture(Path(args.out), picture))
    return 0


if __name__ == '__main__':
    sys.exit(main())
