"""Generate defocused images with exact defocus maps from images with depth, or from photographs with a drawn depth.

    python tools/dataset_tools/make_defocus.py data/defocus/train --pairs $WSOLZOO_DATA/depth --border 16 --variants 20
    python tools/dataset_tools/make_defocus.py data/defocus/scenes --scenes train --count 500 --size 128 --camera
    python tools/dataset_tools/make_defocus.py data/defocus/photos --photos DIR --variants 3 --size 128 --camera
    python tools/dataset_tools/make_defocus.py out --pairs DIR --preset paper --workers 8

Interrupted, the same command goes on where it stopped. The lens of every sample is in ``manifest.jsonl``.
"""

import argparse
import dataclasses


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', help='folder to write')
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument('--pairs', metavar='DIR', help='folder of image and depth pairs')
    where.add_argument('--photos', metavar='DIR', help='folder of photographs, searched to any depth')
    where.add_argument('--scenes', metavar='SPLIT', help='split of the built-in scenes')
    parser.add_argument('--include', nargs='+', default=['*'], help='pairs or photographs to take (patterns)')
    parser.add_argument('--exclude', nargs='+', default=[], help='pairs or photographs to leave out (patterns)')
    parser.add_argument('--border', type=int, default=0, help='pixels to cut off on every side of a pair')
    parser.add_argument('--min-valid', type=float, default=0.95, help='smallest share of pixels with a depth')
    parser.add_argument('--count', type=int, help='number of scenes (default: 100) or photographs (default: all)')
    parser.add_argument('--size', type=int, help='side of scenes or parts of photographs in pixels')
    parser.add_argument('--scene-seed', type=int, default=0)
    parser.add_argument('--preset', choices=('released', 'paper'), default='released', help='published settings')
    parser.add_argument('--policy', choices=('max', 'uniform'), help='instead of the preset: aperture and focus')
    parser.add_argument(
        '--rule', choices=('paper', 'released', 'coc15'), help='instead of the preset: disc diameter to sigma'
    )
    parser.add_argument('--unit', choices=('coc15', 'sigma7'), help='coding of the maps')
    parser.add_argument('--c-max', type=int, help='instead of the preset: bound on the disc diameter in pixels')
    parser.add_argument('--layers', type=int, nargs=2, metavar=('MIN', 'MAX'), help='0 0 for any number')
    parser.add_argument(
        '--published-window',
        action='store_true',
        help='cut the kernels at the published window: wide blur is then narrower than its label says',
    )
    parser.add_argument('--camera', action='store_true', help='exposure, grain and JPEG after the lens')
    parser.add_argument('--variants', type=int, default=1, help='lenses per picture')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--workers', type=int, default=1)
    return parser.parse_args(argv)


def recipe_of(args: argparse.Namespace):
    """The preset with what the command line changes."""
    from wsolzoo.synthetic.optics.camera import Camera
    from wsolzoo.synthetic.optics.generate import Recipe

    changes = {key: getattr(args, key) for key in ('policy', 'rule', 'unit', 'c_max') if getattr(args, key) is not None}
    if args.layers is not None:
        changes['layers'] = tuple(args.layers) if any(args.layers) else None
    recipe = Recipe.paper(**changes) if args.preset == 'paper' else Recipe(**changes)
    reach = None if args.published_window else recipe.radius_sigmas
    camera = Camera() if args.camera else None
    return dataclasses.replace(recipe, variants=args.variants, seed=args.seed, radius_sigmas=reach, camera=camera)


def source_of(args: argparse.Namespace):
    """Where the pictures and their depth come from."""
    from wsolzoo.datasets.defocus.photographs import Photographs
    from wsolzoo.datasets.defocus.sources import DepthFolder, ScenePairs

    size = {} if args.size is None else {'size': args.size}
    which = {'include': tuple(args.include), 'exclude': tuple(args.exclude)}
    if args.pairs:
        return DepthFolder(args.pairs, border=args.border, min_valid=args.min_valid, **which)
    if args.photos:
        return Photographs(args.photos, limit=args.count, **which, **size)
    return ScenePairs(args.scenes, args.count or 100, args.scene_seed, size)


def main(argv: list[str] | None = None) -> None:
    """Generate, with a progress bar."""
    args = parse_args(argv)
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from wsolzoo.synthetic.optics.generate import generate

    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task(args.out, total=None)
        for _, done, total in generate(source_of(args), args.out, recipe_of(args), args.workers):
            progress.update(task, completed=done, total=total)


if __name__ == '__main__':
    main()
