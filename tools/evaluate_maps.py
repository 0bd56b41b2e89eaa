"""Evaluate maps saved by any code, by published protocols, without a model.

python tools/evaluate_maps.py MAPS ANNOTATIONS --protocol choe2020-v2 --protocol choe2020-v2-fullsup --out numbers.json

MAPS is a folder of <image_id>.npy (raw values of any height and width; ids may contain "/") or one .npz with the ids as
keys. ANNOTATIONS is a metadata folder in the layout of wsolevaluation or a CSV with a row for every box.
"""

import argparse
import json
import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # works in a checkout that is not installed


class Explain(argparse.Action):
    """Print what protocols mean, and leave."""

    def __call__(self, parser: argparse.ArgumentParser, namespace, values, option_string=None) -> None:
        """Explain one protocol, or all."""
        from wsolzoo.evaluation.localization import protocols

        try:
            texts = [protocols.get(name).describe() for name in ([values] if values else protocols.names())]
        except KeyError as error:
            parser.error(str(error))
        print('\n\n'.join(texts))
        parser.exit()


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('maps', metavar='MAPS', help='folder of <image_id>.npy files, or one .npz file')
    parser.add_argument(
        'annotations', metavar='ANNOTATIONS', help='metadata folder, or CSV: image_id,x0,y0,x1,y1,width,height'
    )
    parser.add_argument(
        '--protocol', action='append', metavar='NAME', help='may be repeated; default choe2020-v2. See --explain'
    )
    parser.add_argument(
        '--explain', nargs='?', action=Explain, metavar='NAME', help='print protocols in words and leave'
    )
    parser.add_argument('--out', metavar='FILE.json', help='write all numbers, one entry for each protocol name')
    parser.add_argument(
        '--report', metavar='FILE.html', help='write a page with curves, breakdown and causes of failure'
    )
    parser.add_argument('--image-root', metavar='DIR', help='folder of the images, for pictures in the report')
    parser.add_argument('--mask-root', metavar='DIR', default='.', help='folder that mask files are relative to')
    parser.add_argument('--workers', type=int, default=1, metavar='N', help='threads (default: 1)')
    parser.add_argument('--allow-missing', action='store_true', help='count images without a map as misses')
    parser.add_argument(
        '--interval', type=float, metavar='STEP', help="step of the threshold grid instead of the protocol's"
    )
    parser.add_argument(
        '--transfer', metavar='FILE.json', help='apply the thresholds chosen there (--out of a run on train-fullsup)'
    )
    parser.add_argument(
        '--fixed', action='append', default=[], metavar='NAME=T', help='threshold of the column "fixed" of a protocol'
    )
    args = parser.parse_args(argv)
    if args.workers < 1:
        parser.error('--workers is at least 1')
    return args


def main(argv: list[str] | None = None) -> int:
    """Evaluate; returns the exit status: 0, or 2 where input is wrong."""
    args = parse_args(argv)
    for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'):
        os.environ.setdefault(name, '1')
    from wsolzoo.evaluation.localization.protocols import UnknownProtocolError
    from wsolzoo.evaluation.offline.annotations import InputError

    try:
        for file in (args.out, args.report):
            check_writable(file)
        evaluation = build(args)
        run(evaluation)
        result = evaluation.result()
        for warning in warnings(evaluation):
            print(f'warning: {warning}', file=sys.stderr)
        show(result)
        if args.out:
            write_json(result['protocols'], args.out)
        if args.report:
            write_report(result, evaluation, args)
    except (InputError, UnknownProtocolError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


def check_writable(file: str | None) -> None:
    """Find out before the work whether a result can be written.

    Raises:
        OSError: it cannot; the file is named.
    """
    if file is None:
        return
    import tempfile

    path = Path(file)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.stat()
            path.open('a').close()
        except FileNotFoundError:
            tempfile.TemporaryFile(dir=path.parent).close()
    except (OSError, ValueError) as error:
        raise OSError(f'{path} cannot be written: {getattr(error, "strerror", None) or error}') from None


def build(args: argparse.Namespace):
    """The evaluation that the arguments ask for."""
    import cv2

    from wsolzoo.evaluation.localization import protocols as protocol_list
    from wsolzoo.evaluation.offline.annotations import InputError, read_annotations
    from wsolzoo.evaluation.offline.map_files import MapFiles
    from wsolzoo.evaluation.offline.standalone import Evaluation, Options

    cv2.setNumThreads(1)
    chosen = [protocol_list.get(name) for name in dict.fromkeys(args.protocol or ['choe2020-v2'])]
    if args.interval is not None:
        try:
            chosen = [protocol_list.vary(p, p.name, p.source, threshold={'interval': args.interval}) for p in chosen]
        except ValueError as error:
            raise InputError(f'--interval: {error}') from error
    options = Options(
        workers=args.workers,
        allow_missing=args.allow_missing,
        mask_root=args.mask_root,
        fixed=fixed_thresholds(args.fixed, [p.name for p in chosen]),
        transferred=transferred_thresholds(args.transfer, chosen) if args.transfer else {},
        per_image=bool(args.report),
    )
    return Evaluation(chosen, MapFiles(args.maps), read_annotations(args.annotations), options)


def fixed_thresholds(pairs: list[str], names: list[str]) -> dict[str, float]:
    """``NAME=T`` arguments by protocol name."""
    from wsolzoo.evaluation.offline.annotations import InputError

    out = {}
    for pair in pairs:
        name, _, value = pair.rpartition('=')
        try:
            out[name] = float(value)
        except ValueError:
            raise InputError(f'--fixed takes NAME=T with a number T; got {pair!r}') from None
        if name not in names:
            raise InputError(f'--fixed {pair}: {name!r} is not among the protocols evaluated ({", ".join(names)})')
        if not 0 <= out[name] < 1:
            raise InputError(f'--fixed {pair}: a threshold is in [0, 1)')
    return out


def transferred_thresholds(file: str, chosen: list) -> dict[str, dict[str, float]]:
    """Thresholds that an earlier run chose, by protocol name and IoU level.

    Raises:
        InputError: the file is not a result, or a protocol meant something else there.
    """
    from wsolzoo.evaluation.localization.summary import iou_key, threshold_index
    from wsolzoo.evaluation.offline.annotations import InputError

    out = {}
    try:
        saved = json.loads(Path(file).read_text(encoding='utf-8'))
        saved = saved.get('protocols', saved)
        for protocol in chosen:
            if protocol.is_pixel or protocol.name not in saved:
                continue
            entry = saved[protocol.name]
            if entry['fingerprint'] != protocol.fingerprint:
                raise InputError(
                    f'{file}: {protocol.name} had another definition there (interval {entry["interval"]}); '
                    'choose and apply thresholds with the same options and version'
                )
            chosen = entry['columns']['oracle']['threshold']
            for iou in protocol.hit.ious:
                threshold_index(protocol.threshold.grid(), chosen[iou_key(iou)])
            out[protocol.name] = chosen
    except InputError:
        raise
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(f'{file} is not a result written by --out: {error!r}') from error
    if not out:
        raise InputError(f'{file} holds none of the protocols {", ".join(p.name for p in chosen)}')
    return out


def run(evaluation) -> None:
    """Go through all images behind a progress bar."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn('maps'), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task('maps', total=len(evaluation.annotations.ids))
        evaluation.run(lambda done: done % 16 or progress.update(task, completed=done))
        progress.update(task, completed=evaluation.num_images)


def warnings(evaluation) -> list[str]:
    """What the reader of the numbers must know."""
    found = []
    total, missing = evaluation.num_images, evaluation.missing
    if missing:
        found.append(f'{len(missing)} of {total} maps are missing and count as misses, the first is {missing[0]!r}')
    degenerate = max((counts.degenerate for counts in evaluation.boxes.values()), default=0) - len(missing)
    if degenerate > 0:
        found.append(f'{degenerate} of {total} maps are constant: they point nowhere')
    if len({protocol.view.crop for protocol in evaluation.protocols}) > 1:
        found.append(
            'these protocols look at different parts of the image; one set of maps cannot cover both. Each entry says '
            'under "maps_cover" what the maps were taken to cover'
        )
    return found


def show(result: dict) -> None:
    """Print a table for every protocol: rows of different protocols never share one."""
    from rich.console import Console
    from rich.table import Table

    from wsolzoo.visualization.summary import protocol_table

    console = Console()
    for name, entry in result['protocols'].items():
        content = protocol_table(entry)
        table = Table(title=f'{name} ({entry["num_images"]} images, percent)', title_justify='left')
        table.add_column('')
        for column, _ in content['columns']:
            table.add_column(column, justify='right')
        for metric, cells in content['rows']:
            table.add_row(metric, *('' if cell is None else str(cell) for cell in cells))
        console.print(table)


def write_json(entries: dict, file: str) -> None:
    """One entry for each protocol name; numbers that do not exist are null."""
    text = json.dumps(_finite(entries), indent=1, allow_nan=False)
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + '\n', encoding='utf-8')
    print(f'numbers  {path}')


def _finite(value):
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and value != value else value


def write_report(result: dict, evaluation, args: argparse.Namespace) -> None:
    """Curves, breakdown, causes of failure, and pictures where the images are given."""
    from wsolzoo.visualization import report

    pictures = {}
    if args.image_root:
        import cv2

        view = next(iter(evaluation.boxes.values())).protocol.view if evaluation.boxes else None
        for image_id in report.wanted_images(result):
            image, array = cv2.imread(str(Path(args.image_root) / image_id)), evaluation.maps.read(image_id)
            if image is None or array is None or view is None:
                continue
            picture = cv2.resize(image, view.resize[::-1], interpolation=cv2.INTER_AREA)
            top, left = ((big - small) // 2 for big, small in zip(view.resize, view.size, strict=True))
            picture = picture[top : top + view.size[0], left : left + view.size[1], ::-1]
            pictures[image_id] = {'image': picture.copy(), 'map': array, 'frame': view.size}
    meta = {'maps': str(args.maps), 'annotations': str(args.annotations), 'workers': args.workers}
    path = report.write_report(result, args.report, title='Evaluation of maps', images=pictures, meta=meta)
    print(f'report   {path}')


if __name__ == '__main__':
    sys.exit(main())
