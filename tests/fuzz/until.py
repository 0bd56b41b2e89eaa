"""Fuzz every reader of files, with new examples each time, until the time is up: ``make fuzz SECONDS=60``."""

import argparse
import importlib
import sys
import tempfile
import time
import warnings
from itertools import cycle
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / 'datasets')]

BATCH = 20


def bodies() -> dict:
    """Every body of the modules beside this one."""
    found = {}
    for path in sorted(Path(__file__).parent.glob('test_*.py')):
        found |= importlib.import_module(f'fuzz.{path.stem}').BODIES
    return found


def main(argv: list[str] | None = None) -> int:
    """Run; returns 0, or raises what a reader did wrong with the smallest file that shows it."""
    parser = argparse.ArgumentParser(description='Fuzz every reader of files until the time is up.')
    parser.add_argument('--seconds', type=float, default=60)
    args = parser.parse_args(argv)
    from fuzz.damage import try_many

    warnings.simplefilter('ignore')  # of torch, about the damage
    found = bodies()
    counts, end = dict.fromkeys(found, 0), time.monotonic() + args.seconds
    with tempfile.TemporaryDirectory() as folder:
        for name in cycle(found):
            if time.monotonic() > end:
                break
            try_many(found[name], BATCH, Path(folder), repeatable=False)
            counts[name] += BATCH
    for name, count in counts.items():
        print(f'{name:<28}{count:6} files')
    print(f'{sum(counts.values())} damaged files, each refused in a sentence with its name or read soundly')
    return 0


if __name__ == '__main__':
    sys.exit(main())
