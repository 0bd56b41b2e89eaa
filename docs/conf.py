"""Sphinx settings."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / '_ext')]

import wsolzoo  # noqa: E402

project = 'wsolzoo'
author = 'The wsolzoo founders'
copyright = '2026, the wsolzoo founders'
release = wsolzoo.__version__

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',
    'sphinx.ext.viewcode',
    'sphinx_copybutton',
    'api_pages',  # docs/_ext
    'mathml',
]
myst_enable_extensions = ['colon_fence', 'dollarmath']
myst_heading_anchors = 3

autodoc_typehints = 'signature'
autodoc_member_order = 'bysource'
napoleon_use_ivar = True

# A link to something of ours must lead somewhere. Types of other packages are named: a link would need the network.
nitpicky = True
nitpick_ignore_regex = [
    (r'py:(class|exc|obj)', r'(?!wsolzoo).*'),
    (r'py:func', r'(torch|timm|mmcv)\..*'),
    (r'py:class', r'wsolzoo\..*\._\w+'),  # a private base
]

html_theme = 'furo'
html_title = 'wsolzoo'
html_static_path = ['_static']
html_css_files = ['zoo_table.css']
html_js_files = ['zoo_table.js']
html_math_renderer = 'mathml'
exclude_patterns = ['_build', '_ext']
