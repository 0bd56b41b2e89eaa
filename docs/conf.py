"""Sphinx settings."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import wsolzoo  # noqa: E402

project = 'wsolzoo'
author = 'The wsolzoo founders'
copyright = '2026, the wsolzoo founders'
release = wsolzoo.__version__

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.autosummary',
    'sphinx.ext.napoleon',
    'sphinx.ext.viewcode',
    'sphinx_copybutton',
]
myst_enable_extensions = ['colon_fence', 'dollarmath']
myst_heading_anchors = 3
autodoc_typehints = 'signature'
autodoc_member_order = 'bysource'
html_theme = 'furo'
html_title = 'wsolzoo'
html_static_path = ['_static']
exclude_patterns = ['_build']
