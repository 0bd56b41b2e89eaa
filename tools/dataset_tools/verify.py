"""Check the data set of a config: counts, checksums, every image, boxes against sizes; list what is missing or wrong.

python tools/dataset_tools/verify.py _base_/datasets/cub_224px.py --out cub.json
"""

import argparse
import json
import sys
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description='Check the data set of a config.')
    parser.add_argument('config', help='config file, or the name of a shipped one (_base_/datasets/x.py)')
    parser.add_argument('--out', metavar='FILE', help='write everything that was found as JSON')
    parser.add_argument('--splits', nargs='+', choices=['train', 'val', 'test'], default=['train', 'val', 'test'])
    parser.add_argument('--partial', action='store_true', help='the data is a part: do not compare official counts')
    parser.add_argument('--workers', type=int, default=2, help='threads that open images')
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='override config values')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Check; returns 0 where all is well, 1 where something is wrong, 2 where the command or config is."""
    args = parse_args(argv)
    from rich.console import Console
    from rich.progress import track

    from wsolzoo.run.launch import UsageError, load_config

    try:
        cfg = load_config(args.config, args.cfg_options)
    except (FileNotFoundError, UsageError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    from wsolzoo.datasets.verification import dataset_configs, summary, verify_split

    console, reports = Console(stderr=True), []
    for split, dataset in dataset_configs(cfg):
        if split in args.splits:

            def progress(items, total, split=split):
                return track(items, f'{split}: opening {total} images', total, console=console)

            reports.append(verify_split(split, dataset, args.partial, args.workers, progress))
    if not reports:
        print(f'error: {args.config} has no data set in {", ".join(args.splits)}', file=sys.stderr)
        return 2
    print(summary(reports))
    if args.out:
        Path(args.out).parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({'config': args.config, 'splits': [report.to_dict() for report in reports]}, indent=1)
        Path(args.out).write_text(text + '\n', encoding='utf-8')
        print(f'\nreport  {args.out}')
    return 1 if any(report.problems for report in reports) else 0


if __name__ == '__main__':
    sys.exit(main())
