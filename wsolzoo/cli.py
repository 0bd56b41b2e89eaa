"""The console script: ``wsolzoo train config.py`` runs ``tools/train.py`` from wherever the package lies."""

import runpy
import sys
from pathlib import Path

from wsolzoo.resources import tools_dir


def commands() -> dict[str, Path]:
    """Name and file of every Python tool, those in folders too (``print_config``)."""
    files = sorted(tools_dir().rglob('*.py'))
    return {path.stem: path for path in files if "__name__ == '__main__'" in path.read_text(encoding='utf-8')}


def main(argv: list[str] | None = None) -> int:
    """Run the tool named by the first argument with the rest of the arguments.

    Returns:
        The exit status.
    """
    argv = sys.argv[1:] if argv is None else argv
    known = commands()
    if not argv or argv[0] in ('-h', '--help'):
        print('usage: wsolzoo COMMAND [arguments]; `wsolzoo COMMAND --help` explains one\n')
        print('commands: ' + ', '.join(sorted(known)))
        return 0 if argv else 2
    if argv[0] not in known:
        print(f'wsolzoo: no command {argv[0]!r}; there are {", ".join(sorted(known))}', file=sys.stderr)
        return 2
    sys.argv = [f'wsolzoo {argv[0]}', *argv[1:]]
    runpy.run_path(str(known[argv[0]]), run_name='__main__')
    return 0
