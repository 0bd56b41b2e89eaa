"""The files of a new method, in the zoo or in a package of its own: whole, sound, and to be rewritten."""

import builtins
import keyword
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

import jinja2

from wsolzoo.errors import UserError
from wsolzoo.registry import MODELS

LONGEST = 30
TOCTREE = re.compile(r'(```\{toctree\}\n:caption: What it is taught besides\n:maxdepth: 1\n\n(?:\w+\n)*)')
"""Of ``docs/methods/index.md``, up to where the pages of that group end; an author may choose another one."""


class ScaffoldError(UserError, ValueError):
    """A method cannot be called that, or is there already."""


@dataclass(frozen=True)
class Method:
    """The names of a new method.

    Attributes:
        name: of its module and folders, such as ``sharp_pooling``.
    """

    name: str

    @property
    def title(self) -> str:
        """As people write it: ``SharpPooling``."""
        return ''.join(word[:1].upper() + word[1:] for word in self.name.split('_'))

    @property
    def head(self) -> str:
        """The registered type."""
        return f'{self.title}Head'

    @property
    def module(self) -> str:
        """The package outside the zoo."""
        return f'wsolzoo_{self.name}'

    @property
    def config(self) -> str:
        """The first config, by the grammar of the zoo."""
        return f'{self.name.replace("_", "-")}_plainnet_1xb32-15e_scenes-96px'

    def render(self, template: str, package: bool) -> str:
        """The text of one file."""
        environment = jinja2.Environment(
            undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
        )
        source = resources.files('wsolzoo.zoo').joinpath('templates', f'{template}.j2').read_text(encoding='utf-8')
        names = {key: getattr(self, key) for key in ('name', 'title', 'head', 'module', 'config')}
        code = f'{self.module}.method' if package else f'wsolzoo.methods.{self.name}'
        return environment.from_string(source).render(names, code=code, package=package)

    def in_zoo(self) -> dict[str, str]:
        """Files below a checkout, and their templates."""
        return {
            f'wsolzoo/methods/{self.name}.py': 'method.py',
            f'configs/{self.name}/{self.config}.py': 'leaf.py',
            f'configs/{self.name}/metafile.yml': 'metafile.yml',
            f'tests/methods/test_{self.name}.py': 'test.py',
            f'docs/methods/{self.name}.md': 'page.md',
        }

    def as_package(self) -> dict[str, str]:
        """Files below a folder of the package's own, and their templates."""
        return {
            'pyproject.toml': 'pyproject.toml',
            'README.md': 'package_readme.md',
            f'{self.module}/__init__.py': 'init.py',
            f'{self.module}/method.py': 'method.py',
            f'{self.module}/configs/{self.config}.py': 'package_config.py',
            f'tests/test_{self.name}.py': 'test.py',
        }


def check_name(name: str) -> Method:
    """The method that a name means.

    Raises:
        ScaffoldError: it is no name for a module, too long, or its head is registered already.
    """
    if not re.fullmatch(r'[a-z][a-z0-9]*(_[a-z0-9]+)*', name) or keyword.iskeyword(name):
        raise ScaffoldError(f'{name!r} is no name for a Python module: lower case, digits and single underscores')
    if len(name) > LONGEST:
        raise ScaffoldError(f'{name!r} has {len(name)} letters; at most {LONGEST}')
    if name in sys.stdlib_module_names or hasattr(builtins, name):
        raise ScaffoldError(f'{name!r} is the name of something in Python itself; take another one')
    method = Method(name)
    if method.head in MODELS:
        raise ScaffoldError(f'{method.head} is registered already; take another name')
    return method


def write_package(name: str, folder: Path) -> list[Path]:
    """Write a package that adds a method to any zoo it is installed beside.

    Args:
        name: of the method.
        folder: of the package, absent or without any of its files.

    Returns:
        What was written.

    Raises:
        ScaffoldError: the name will not do, or something is there already.
    """
    method = check_name(name)
    if find_spec(method.module) is not None:
        raise ScaffoldError(f'a package {method.module} is installed already; take another name')
    return _write(method, folder, method.as_package(), package=True)


def write_method(name: str, root: Path) -> list[Path]:
    """Write a method into a checkout of the zoo, and its page into the list of pages.

    Args:
        name: of the method.
        root: top of the checkout.

    Returns:
        What was written.

    Raises:
        ScaffoldError: the name will not do, something is there already, or ``root`` is no checkout.
    """
    method, index = check_name(name), root / 'docs/methods/index.md'
    if not index.is_file() or not (root / 'wsolzoo/methods').is_dir():
        raise ScaffoldError(f'{root} is no checkout of the zoo; a method beside an installed one is --package DIR')
    _refuse(f'{path}' for path in (root / 'wsolzoo/methods' / name, root / 'configs' / name) if path.exists())
    text = index.read_text(encoding='utf-8')
    listed, count = TOCTREE.subn(rf'\g<1>{name}\n', text, count=1)
    if not count:
        raise ScaffoldError(f'{index} has no toctree of methods')
    written = _write(method, root, method.in_zoo(), package=False)
    index.write_text(listed, encoding='utf-8')
    return written


def _write(method: Method, folder: Path, files: dict[str, str], package: bool) -> list[Path]:
    _refuse(str(folder / place) for place in files if (folder / place).exists())
    for place, template in files.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(method.render(template, package), encoding='utf-8')
    return [folder / place for place in files]


def _refuse(existing: Iterable[str]) -> None:
    found = list(existing)
    if found:
        raise ScaffoldError(f'{", ".join(found)} exists already; nothing was written')
