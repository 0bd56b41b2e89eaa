"""What the pages name exists: files of the repository and names of the package; numbers told twice agree."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted((ROOT / 'docs').glob('**/*.md'))]
PAGES = [page for page in PAGES if '_build' not in page.parts]
PLACEHOLDER = re.compile(r'[A-Z]{3,}|[<{*…$]')  # NAME.py, <config>.py, *.py
FILE = re.compile(
    r'(?<![\w./:-])((?:wsolzoo|tools|configs|tests|benchmarks|docs)/[\w./<>{}*…$-]+\.(?:py|sh|md|yml|png|pth))'
)
INVENTED = {
    'wsolzoo/methods/sharp_pooling.py',
    'configs/_base_/models/sharp_vgg16.py',
    'configs/cam/my_cam.py',
    'configs/bas/x.py',
    'wsolzoo.plugins',
}
PACKAGE = ROOT / 'wsolzoo'
MODULES = sorted(path for path in PACKAGE.rglob('*.py') if '.mim' not in path.parts)
ROLE = re.compile(r':(?:func|class|data|mod|meth|attr):`(?:[^`<]*<)?~?([\w.]+)>?`')
DOTTED = re.compile(r'(?<![\w./-])wsolzoo(?:\.\w+)+')


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_names_exists(page):
    text = page.read_text(encoding='utf-8')
    text = re.sub(r'\]\([^)]*\)', ']', text)  # Sphinx checks links
    files = {name for name in FILE.findall(text) if not PLACEHOLDER.search(name)} - INVENTED
    assert not {name for name in files if not (ROOT / name).exists()}
    assert not {name for name in set(DOTTED.findall(text)) - INVENTED if not found(name)}


@pytest.mark.parametrize('path', MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_links_of_docstrings_lead_somewhere(path):
    """What the slow build of the docs would say, at once."""
    text = path.read_text(encoding='utf-8')
    targets = {target for target in ROLE.findall(text) if not re.match(r'(torch|timm|mmcv|mmengine)\.', target)}
    module = '.'.join(path.relative_to(ROOT).with_suffix('').parts).removesuffix('.__init__')
    inside = [module, *(f'{module}.{name}' for name in re.findall(r'^class (\w+)', text, re.MULTILINE))]
    package = module if path.stem == '__init__' else module.rpartition('.')[0]
    for target in targets:
        names = [f'{package}{target}'] if target[0] == '.' else [target, *(f'{place}.{target}' for place in inside)]
        assert any(map(found, names)), target


def found(name: str) -> bool:
    """Whether Python finds a dotted name."""
    parts = name.split('.')
    for cut in range(len(parts), 0, -1):
        try:
            value = importlib.import_module('.'.join(parts[:cut]))
        except ImportError:
            continue
        for part in parts[cut:]:
            value = getattr(value, part, None)
        return value is not None
    return False


@pytest.mark.parametrize('method', ['cam', 'bas', 'class_average', 'inca'])
def test_numbers_of_a_method_are_those_of_the_results(method):
    rows = (ROOT / f'docs/methods/{method}.md').read_text(encoding='utf-8').split('mean of three seeds |')[1]
    rows = [re.findall(r'\d+\.\d', row) for row in rows.split('\n\n')[0].splitlines()[2:]]
    results = (ROOT / 'docs/methods/results_scenes.md').read_text(encoding='utf-8')
    results = results.split('as their configs stand\n')[1].split('\n## ')[0]
    told = [re.findall(r'\d+\.\d', re.sub(r'± [\d.]+', '', row)) for row in results.splitlines() if row[:1] == '|']
    assert rows and all(row for row in rows)
    assert all(any(set(row) <= set(others) for others in told) for row in rows)
