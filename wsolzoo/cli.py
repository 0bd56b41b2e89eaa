"""The console script: ``wsolzoo train config.py`` runs ``tools/train.py`` from wherever the package lies."""

import runpy
import sys
from pathlib import Path

from wsolzoo import __version__
from wsolzoo.errors import meant
from wsolzoo.resources import tools_dir

ALIASES: dict[str, tuple[str, ...]] = {'list': ('zoo', 'list'), 'download': ('zoo', 'download')}
"""Verbs that are a part of a tool."""


def commands() -> dict[str, Path]:
    """Name and file of every Python tool, those in folders too (``print_config``)."""
    files = sorted(tools_dir().rglob('*.py'))
    return {path.stem: path for path in files if "__name__ == '__main__'" in path.read_text(encoding='utf-8')}


def usage() -> str:
    """Every verb with the first line of its tool's docstring."""
    lines = {name: first_line(path) for name, path in commands().items()}
    lines |= {'list': 'List the models of the zoo.', 'download': "Fetch a zoo model's weights."}
    width = max(map(len, lines))
    head = 'usage: wsolzoo COMMAND [arguments]; `wsolzoo COMMAND --help` explains one\n\n'
    return head + '\n'.join(f'  {name:{width}}  {lines[name]}' for name in sorted(lines))


def first_line(path: Path) -> str:
    """What a tool says that it is."""
    return path.read_text(encoding='utf-8').partition('\n')[0].strip('"')


def main(argv: list[str] | None = None) -> int:
    """Run the tool named by the first argument with the rest of the arguments.

    Returns:
        The exit status.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    if not argv or argv[0] in ('-h', '--help'):
        print(usage())
        return 0 if argv else 2
    if argv[0] == '--version':
        print(f'wsolzoo {__version__}')
        return 0
    known = commands()
    name, *rest = (*ALIASES.get(argv[0], (argv[0],)), *argv[1:])
    if name not in known:
        print(f'wsolzoo: no command {name!r}; {meant(name, [*known, *ALIASES])}', file=sys.stderr)
        return 2
    sys.argv = [f'wsolzoo {name}', *rest]
    runpy.run_path(str(known[name]), run_name='__main__')
    return 0
