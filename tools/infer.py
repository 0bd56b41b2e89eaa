"""Ask a model about images: a class and boxes, or a map of every pixel, and a picture for each.

python tools/infer.py cam_plainnet_1xb32-15e_scenes-96px photos/ bird.jpg --out-dir out
python tools/infer.py configs/cam/CONFIG.py photos/ --checkpoint work_dirs/demo/epoch_15.pth --out-dir out
python tools/infer.py dmenet_vgg19-eighth-b_1xb4-8e_defocus-photos-128px photo.jpg --out-dir out
"""

import argparse
import json
import sys
from pathlib import Path

TASKS = """what is written to OUT_DIR for each image, by the task of the model:
  localization (cam_..., bas_...)   ID.npy map of the class, ID.json class, score, boxes, ID.png boxes over the map
  blur (dmenet_...)                 ID.npy sigma of the blur in pixels, ID.json unit and mean, ID.png map and colour bar
  other dense maps                  ID.npy map in [0, 1], ID.json mean, ID.png map and colour bar"""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    from wsolzoo.run.spelling import component

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, epilog=TASKS
    )
    parser.add_argument('model', metavar='MODEL', help='name of a zoo model, or a config file')
    parser.add_argument('images', nargs='+', metavar='IMAGE', help='files, or folders searched to any depth')
    parser.add_argument('--checkpoint', help='weights (default: those the zoo publishes for the model)')
    parser.add_argument('--allow-partial', action='store_true', help='use a checkpoint that fits only in part')
    parser.add_argument(
        '--out-dir',
        default='work_dirs/infer',
        help='gets ID.npy, ID.json and ID.png of each image (default: %(default)s)',
    )
    parser.add_argument('--label', type=int, help='localization: the class (default: the one with the highest score)')
    parser.add_argument('--threshold', type=float, help='localization: of the box, in [0, 1) (default: 0.2)')
    parser.add_argument(
        '--normalizer',
        type=component,
        metavar='NAME[:KEY=VALUE,…]',
        help='localization: how maps are brought to [0, 1], such as ivr or ivr:percentile=0.3 (default: minmax)',
    )
    parser.add_argument('--all-boxes', action='store_true', help='localization: the box of every contour')
    parser.add_argument('--batch-size', type=int, default=8)
    parser.add_argument('--device', help='such as cpu or cuda:1 (default: the first GPU, else the CPU)')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Answer; returns the exit status: 0, 1 where images could not be read, or 2 where an argument is wrong."""
    args = parse_args(argv)
    from rich.progress import Progress

    from wsolzoo.apis.images import expand
    from wsolzoo.apis.inferencer import Inferencer
    from wsolzoo.run import launch

    options = {name: getattr(args, name) for name in ('threshold', 'normalizer') if getattr(args, name) is not None}
    options |= {'all_boxes': True} if args.all_boxes else {}
    broken: dict[str, Exception] = {}
    try:
        images = unique(expand(args.images))
        inferencer = Inferencer(args.model, args.checkpoint or True, args.device, args.allow_partial, **options)
        out_dir = Path(args.out_dir)
        out_dir.mkdir(parents=True, exist_ok=True)
        with Progress(transient=True) as progress:
            bar = progress.add_task(inferencer.task.name, total=len(images))
            for start in range(0, len(images), args.batch_size):
                batch = images[start : start + args.batch_size]
                for result in inferencer.stream(dict(batch), args.label, args.batch_size, broken.__setitem__):
                    write(out_dir, result, inferencer.task)
                progress.advance(bar, len(batch))
    except (*launch.EXPLAINED, ValueError, TypeError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    for img_id, error in broken.items():
        print(f'left out: {img_id}: {error}', file=sys.stderr)
    print(f'{len(images) - len(broken)} results in {out_dir}')
    return 1 if broken else 0


def unique(images) -> list[tuple[str, object]]:
    """Images with different ids: of files of one name in different folders, the later ones are numbered."""
    found: dict[str, object] = {}
    for img_id, image in images:
        name, number = img_id, 2
        while name in found:
            name, number = f'{number}_{img_id}', number + 1
        found[name] = image
    return list(found.items())


def write(out_dir: Path, result: dict, task) -> None:
    """Write array, plain values and picture of one image."""
    import numpy as np

    from wsolzoo.visualization import save_picture

    img_id = result['img_id']
    target = out_dir / img_id  # an id is a file name, or a path below the folder that was given
    target.parent.mkdir(parents=True, exist_ok=True)
    array, told = task.saved(result)
    np.save(target.with_name(f'{target.name}.npy'), array)
    height, width = result['image'].shape[:2]
    told = {'img_id': img_id, **told, 'height': height, 'width': width}
    target.with_name(f'{target.name}.json').write_text(json.dumps(told, indent=1) + '\n', encoding='utf-8')
    save_picture(target.with_name(f'{target.name}.png'), result['picture'])


if __name__ == '__main__':
    sys.exit(main())
