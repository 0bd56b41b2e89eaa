"""Write the files of a new method: sound from the start, to be rewritten step by step (docs/add_a_method.md).

    python tools/new_method.py sharp_pooling                     # into this checkout of the zoo
    python tools/new_method.py sharp_pooling --package DIR       # as a package of its own, beside any installed zoo

Nothing that exists is overwritten.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

BOOKS = (('tools/zoo.py', 'index'), ('tools/zoo.py', 'readme'), ('tests/test_resolved_configs.py', '--write'))
"""What is written from metafiles and configs, see docs/contributing-metafile.md."""


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before this has succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('name', help='of its module, such as sharp_pooling')
    parser.add_argument('--package', type=Path, metavar='DIR', help='write a package into this folder')
    parser.add_argument(
        '--root', type=Path, default=Path(__file__).resolve().parents[1], help='the checkout (default: this one)'
    )
    return parser.parse_args(argv)


def keep_books(root: Path) -> None:
    """Bring up to date what the zoo generates."""
    env = os.environ | {'PYTHONPATH': str(root)}
    for tool, argument in BOOKS:
        subprocess.run([sys.executable, str(root / tool), argument], cwd=root, env=env, check=True, stdout=sys.stderr)


def main(argv: list[str] | None = None) -> int:
    """Write; returns the exit status: 0, or 2 where the message says what is wrong and what to do."""
    args = parse_args(argv)
    from wsolzoo.errors import UserError
    from wsolzoo.zoo.scaffold import write_method, write_package

    try:
        written = write_package(args.name, args.package) if args.package else write_method(args.name, args.root)
    except UserError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print('\n'.join(map(str, written)))
    if args.package:
        print(f"next: pip install -e '{args.package}' && pytest {args.package}/tests")
    else:
        keep_books(args.root)
        print(f'next: python -m pytest tests/methods/test_{args.name}.py && python tools/zoo.py check')
    return 0


if __name__ == '__main__':
    sys.exit(main())
