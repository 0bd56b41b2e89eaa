"""The docs build without a warning, every link to code leads somewhere, and no page needs the network."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REMOTE = re.compile(
    r"""<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc=["']?(?:https?:)?//[^"'>]*"""
    r"""|<link\b[^>]*\bhref=["']?(?:https?:)?//[^"'>]*"""
    r"""|@import\s+(?:url\()?["']?(?:https?:)?//[^"')]*"""
    r"""|url\(["']?(?:https?:)?//[^"')]*""",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    ('text', 'loads'),
    [
        ('<script async src="https://cdn.jsdelivr.net/npm/mathjax@4/tex-mml-chtml.js">', True),
        ('<link rel="stylesheet" href="//fonts.example/x.css">', True),
        ('@font-face { src: url("https://fonts.example/x.woff2") }', True),
        ('<a href="https://arxiv.org/abs/1512.04150">paper</a>', False),
        ('<script src="_static/zoo_table.js">', False),
    ],
)
def test_what_counts_as_loading(text, loads):
    assert bool(REMOTE.search(text)) is loads


@pytest.mark.slow
def test_docs_build_complete_and_offline(tmp_path):
    if not all(find_spec(name) for name in ('furo', 'latex2mathml')):
        pytest.skip('needs the packages of the docs: pip install -e .[docs]')
    build = [sys.executable, '-m', 'sphinx', '-q', '-W', '--keep-going', 'docs', tmp_path]
    done = subprocess.run(build, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    pages = [page for ending in ('html', 'css') for page in tmp_path.rglob(f'*.{ending}')]
    loads = {str(page.relative_to(tmp_path)): REMOTE.findall(page.read_text(encoding='utf-8')) for page in pages}
    assert not {page: found for page, found in loads.items() if found}
    page = (tmp_path / 'methods/cam.html').read_text(encoding='utf-8')
    assert 'href="../api/wsolzoo.methods.html#wsolzoo.methods.cam.CAMHead"' in page
    assert '<math ' in page
    assert 'wsolzoo.maps.normalizers.minmax' in (tmp_path / 'genindex.html').read_text(encoding='utf-8')
