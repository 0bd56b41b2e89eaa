"""Localize in images: a map, a box and a picture for each.

python tools/infer.py photos/ bird.jpg configs/cam/CONFIG.py work_dirs/demo/epoch_15.pth --out-dir out
"""

import argparse
import json
import sys
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description='Localize in images.')
    parser.add_argument('images', nargs='+', metavar='IMAGE', help='files, or folders searched to any depth')
    parser.add_argument('config', metavar='CONFIG', help='config file, or the name of a shipped one (cam/x.py)')
    parser.add_argument('checkpoint', metavar='CHECKPOINT', help='weights')
    parser.add_argument(
        '--out-dir',
        required=True,
        help='gets ID.npy (raw map), ID.json (class, boxes) and ID.png (picture) of each image',
    )
    parser.add_argument('--label', type=int, help='class to localize (default: the one with the highest score)')
    parser.add_argument('--threshold', type=float, default=0.2, help='of the box, in [0, 1) (default: %(default)s)')
    parser.add_argument('--normalizer', default='minmax', help='how maps are brought to [0, 1] (default: %(default)s)')
    parser.add_argument('--all-boxes', action='store_true', help='the box of every contour, not only of the largest')
    parser.add_argument('--batch-size', type=int, default=8)
    parser.add_argument('--device', help='such as cpu or cuda:1 (default: the first GPU, else the CPU)')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Localize; returns the exit status: 0, or 2 where an argument is wrong."""
    args = parse_args(argv)
    from rich.progress import track

    from wsolzoo.apis.inferencer import LocalizationInferencer, expand
    from wsolzoo.apis.map_inferencer import makes_maps

    try:
        images = unique(expand(args.images))
        if makes_maps(args.config):
            return estimate(args, images)
        inferencer = LocalizationInferencer(
            args.config, args.checkpoint, args.device, args.normalizer, args.threshold, args.all_boxes
        )
    except (FileNotFoundError, ValueError, TypeError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    out_dir = Path(args.out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    results = inferencer.stream([image for _, image in images], args.label, args.batch_size)
    for (img_id, _), result in track(zip(images, results, strict=True), 'localizing', total=len(images)):
        write(out_dir, img_id, result)
    print(f'{len(images)} results in {out_dir}')
    return 0


def estimate(args: argparse.Namespace, images: list) -> int:
    """Write map and picture of every image, for a model of saliency or defocus; defocus maps are in pixels of sigma."""
    import numpy as np
    from rich.progress import track

    from wsolzoo.apis.map_inferencer import MapInferencer
    from wsolzoo.visualization import save_picture

    inferencer = MapInferencer(args.config, args.checkpoint, args.device)
    for img_id, image in track(images, 'estimating'):
        result = inferencer(image)[0]
        target = Path(args.out_dir) / img_id
        target.parent.mkdir(parents=True, exist_ok=True)
        np.save(target.with_name(f'{target.name}.npy'), result.get('sigma', result['map']))
        save_picture(target.with_name(f'{target.name}.png'), result['picture'])
    print(f'{len(images)} results in {args.out_dir}')
    return 0


def unique(images) -> list[tuple[str, object]]:
    """Images with different ids: of files of one name in different folders, the later ones are numbered."""
    found: dict[str, object] = {}
    for img_id, image in images:
        name, number = img_id, 2
        while name in found:
            name, number = f'{number}_{img_id}', number + 1
        found[name] = image
    return list(found.items())


def write(out_dir: Path, img_id: str, result: dict) -> None:
    """Write map, boxes and picture of one image."""
    import numpy as np

    from wsolzoo.visualization import localization_strip, save_picture

    target = out_dir / img_id  # an id is a file name, or a path below the folder that was given
    target.parent.mkdir(parents=True, exist_ok=True)
    np.save(target.with_name(f'{target.name}.npy'), result['raw_map'])
    told = {'img_id': img_id, **{key: result[key] for key in ('label', 'name', 'score')}}
    told['boxes'], told['window'] = result['boxes'].tolist(), result['window'].tolist()
    told['height'], told['width'] = result['image'].shape[:2]
    target.with_name(f'{target.name}.json').write_text(json.dumps(told, indent=1) + '\n', encoding='utf-8')
    picture = localization_strip(
        result['image'], result['map'], result['boxes'], caption=f'{result["name"]} {result["score"]:.2f}'
    )
    save_picture(target.with_name(f'{target.name}.png'), picture)


if __name__ == '__main__':
    sys.exit(main())
