"""Where the shipped configs, tools and model index are: the same answer in a checkout, an editable install and a wheel.

``wsolzoo/.mim/`` holds them: links to the top of the repository in a checkout, files in a wheel. Where a platform did
not make the links, the folder above the package is looked at.
"""

from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path

PREFIX = 'wsolzoo::'


def _find(name: str) -> Path:
    package = Path(str(files('wsolzoo')))
    for place in (package / '.mim' / name, package.parent / name):
        if place.is_dir() or (place.is_file() and place.suffix):
            return place.resolve()
    raise FileNotFoundError(
        f'{name} is neither in {package / ".mim"} nor beside the package in {package.parent}. Reinstall wsolzoo '
        '(pip install --force-reinstall --no-deps wsolzoo), or run from a complete checkout.'
    )


def config_dir() -> Path:
    """The folder of the shipped configs."""
    return _find('configs')


def tools_dir() -> Path:
    """The folder of the command line tools."""
    return _find('tools')


def model_index() -> Path:
    """The file that lists every metafile."""
    return _find('model-index.yml')


def find_config(name: str) -> Path:
    """The config a user means.

    Args:
        name: a path; or the name of a shipped config: ``wsolzoo::cam/x.py``, ``cam/x.py``, ``x.py`` or ``x``.

    Raises:
        FileNotFoundError: nothing fits; the message lists the shipped names that come near.
    """
    path = Path(name)
    if path.is_file():
        return path
    try:
        root = config_dir()
    except FileNotFoundError:
        raise FileNotFoundError(f'config {name} does not exist (working directory: {Path.cwd()})') from None
    wanted = name.removeprefix(PREFIX).removeprefix('configs/').removesuffix('.py')
    shipped = {p.relative_to(root).with_suffix('').as_posix(): p for p in sorted(root.rglob('*.py'))}
    if wanted in shipped:
        return shipped[wanted]
    leaves = {key: p for key, p in shipped.items() if not key.startswith('_base_/')}
    by_stem = [p for key, p in leaves.items() if key.rpartition('/')[2] == wanted]
    if len(by_stem) == 1:
        return by_stem[0]
    near = get_close_matches(wanted, [*leaves, *(key.rpartition('/')[2] for key in leaves)], n=3, cutoff=0.5)
    hint = f' Shipped configs with a similar name: {", ".join(near)}.' if near else ''
    raise FileNotFoundError(f'config {name} does not exist (working directory: {Path.cwd()}).{hint}')
