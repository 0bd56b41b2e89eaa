"""The API reference, written from the package itself before each build: nothing is listed by hand."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import get_origin

from sphinx.pycode import ModuleAnalyzer

PACKAGE = 'wsolzoo'
LONGEST_VALUE = 80  # of a constant that is shown, in characters


def setup(app) -> dict:
    """Write the pages before Sphinx looks for pages, and let every name that leads to an object link to it."""
    app.connect('builder-inited', lambda app: write(Path(app.srcdir) / 'api'))
    app.connect('autodoc-process-docstring', drop_doc_of_python, priority=400)  # before napoleon rewrites it
    app.connect('missing-reference', resolve)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def write(folder: Path) -> None:
    """One page for each package and each module of the ground floor; pages of what is gone are removed."""
    found = [importlib.import_module(info.name) for info in pkgutil.walk_packages(package_path(), f'{PACKAGE}.')]
    modules = {module.__name__: module for module in found}
    pages = {name: page(modules, name) for name in modules if has_page(modules[name])}
    texts = {f'{name}.rst': text for name, text in pages.items()} | {'index.rst': index(modules, list(pages))}
    for old in set(folder.glob('*.rst')) - {folder / name for name in texts}:
        old.unlink()
    for name, text in texts.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding='utf-8') != text:  # an unchanged page is not built again
            path.write_text(text, encoding='utf-8')


def package_path() -> list[str]:
    """Where the package lies."""
    return list(importlib.import_module(PACKAGE).__path__)


def has_page(module: ModuleType) -> bool:
    """Packages, and modules directly under the root."""
    return hasattr(module, '__path__') or module.__name__.count('.') == 1


def public_names(module: ModuleType) -> list[str]:
    """What a module defines itself, in the order of its source: classes, functions and constants."""
    names = []
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = [part for target in targets for part in getattr(target, 'elts', [target])]
            names += [part.id for part in named if isinstance(part, ast.Name)]
    return [name for name in dict.fromkeys(names) if not name.startswith('_') and hasattr(module, name)]


def first_line(module: ModuleType) -> str:
    """The first line of a module's docstring."""
    return (module.__doc__ or '').strip().splitlines()[0]


def index(modules: dict[str, ModuleType], pages: list[str]) -> str:
    """The list of rooms."""
    rooms = [name for name in pages if name.count('.') == 1]
    lines = [
        *title('API reference', '='),
        'Every public class and function, room by room, as the code describes it.',
        '',
    ]
    lines += [f'* :doc:`{name}`: {first_line(modules[name])}' for name in rooms]
    return '\n'.join([*lines, '', *toctree(rooms, hidden=True), ''])


def page(modules: dict[str, ModuleType], name: str) -> str:
    """A package and its modules."""
    children = [child for child in modules if child.rpartition('.')[0] == name]
    parts = [child for child in children if not has_page(modules[child])]
    lines = [*title(name, '='), *contents(modules[name])]
    lines += toctree([child for child in children if has_page(modules[child])])
    for part in parts:
        lines += [*title(part, '-'), *contents(modules[part])]
    return '\n'.join(lines)


def contents(module: ModuleType) -> list[str]:
    """A module's docstring and what it defines."""
    lines = [f'.. automodule:: {module.__name__}', '']
    for name in public_names(module):
        found, options = getattr(module, name), []
        if inspect.isclass(found):
            kind, options = 'class', ['   :members:', '   :undoc-members:', '   :show-inheritance:']
        elif callable(found) and hasattr(found, '__qualname__') and get_origin(found) is None:  # an alias is data
            kind = 'function'
        else:
            kind, options = 'data', [] if len(repr(found)) < LONGEST_VALUE else ['   :no-value:']
        lines += [f'.. auto{kind}:: {module.__name__}.{name}', *options, '']
    return lines


def title(text: str, rule: str) -> list[str]:
    """A heading."""
    return [text, rule * len(text), '']


def toctree(pages: list[str], hidden: bool = False) -> list[str]:
    """Links to pages below this one; hidden ones stand in the margin only."""
    options = ['   :maxdepth: 1', *['   :hidden:'] * hidden]
    return ['.. toctree::', *options, '', *(f'   {page}' for page in pages), ''] if pages else []


def drop_doc_of_python(app, what: str, name: str, found, options, lines: list[str]) -> None:
    """What Python says of every dict (a constant) or of every field of a named tuple says nothing about this one."""
    module, _, constant = name.rpartition('.')
    if what == 'data' and ('', constant) not in ModuleAnalyzer.for_module(module).find_attr_docs():
        lines.clear()
    if lines and lines[0].startswith('Alias for field number'):
        lines.clear()


def resolve(app, env, node, contnode):
    """Link a name to the place where its object is defined: ``wsolzoo.models.heads.MaskHead`` or just ``MaskHead``."""
    if node.get('refdomain') != 'py':
        return None
    domain, target = env.get_domain('py'), node['reftarget']
    around = [node.get('py:module'), node.get('py:class')]
    for prefix in ([], around[:1], around):
        name = '.'.join([*filter(None, prefix), target])
        home = definition(name, domain.objects) if name.startswith(PACKAGE) else None
        if home:
            return domain.resolve_xref(env, node['refdoc'], app.builder, node['reftype'], home, node, contnode)
    return None


def definition(name: str, known: dict) -> str | None:
    """The documented name of what ``name`` leads to in Python, or None."""
    found = follow(name)
    if found is None:
        return None
    own = f'{getattr(found, "__module__", "")}.{getattr(found, "__qualname__", "")}'
    if own in known:
        return own
    same = [full for full in known if full.endswith(f'.{name.rpartition(".")[2]}') and follow(full) is found]
    return same[0] if same else None


def follow(name: str):
    """The object that a dotted name leads to, or None."""
    parts = name.split('.')
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module('.'.join(parts[:cut]))
        except ImportError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part, None)
        return found
    return None
