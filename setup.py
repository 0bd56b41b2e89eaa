"""Packaging of wsolzoo.

Configs, tools and ``model-index.yml`` live at the top of the repository. ``wsolzoo/.mim/`` holds relative links to
them, so that a checkout, an editable install and a wheel (where the links become files) offer them at the same place;
see ``wsolzoo/resources.py``.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
RESOURCES = [
    '.mim/model-index.yml',
    *(f'.mim/configs/**/*.{ending}' for ending in ('py', 'yml', 'md', 'pth')),
    *(f'.mim/tools/**/*.{ending}' for ending in ('py', 'sh')),
    'visualization/*.css',
    'visualization/*.j2',
    'zoo/templates/*.j2',
    'py.typed',
]


def version() -> str:
    """Return the version written in ``wsolzoo/__init__.py``, without importing it."""
    return re.search(r"^__version__ = '([^']+)'", (HERE / 'wsolzoo/__init__.py').read_text(), re.M).group(1)


def long_description() -> str:
    """Return the README, or nothing where it is not at hand."""
    readme = HERE / 'README.md'
    return readme.read_text(encoding='utf-8') if readme.exists() else ''


setup(
    name='wsolzoo',
    version=version(),
    description='A model zoo for weakly supervised object localization on MMEngine',
    long_description=long_description(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    license_files=['LICENSE'],
    packages=find_packages(include=['wsolzoo', 'wsolzoo.*']),
    package_data={'wsolzoo': RESOURCES},
    include_package_data=False,
    python_requires='>=3.10',
    # tests/test_dependencies.py: what is imported is declared; what is declared is imported, or has its reason there.
    install_requires=[
        'torch>=2.4,<2.16',
        'torchvision>=0.19,<0.30',
        'numpy>=1.26,<2.6',
        'scipy>=1.11',
        'onedl-mmengine>=0.10.12,<0.11',
        'onedl-mmcv>=2.3.6,<2.4',
        'onedl-mmpretrain>=1.3.6,<1.4',
        'opencv-python>=4.8',
        'pillow',
        'numba>=0.60',
        'safetensors',
        'rich',
        'jinja2',
        'markupsafe',
        'matplotlib',
        'pyyaml',
    ],
    extras_require={
        'timm': ['timm>=1.0', 'huggingface-hub'],
        'posthoc': ['grad-cam>=1.5.5'],
        'search': ['optuna>=4.2'],
        'prune': ['torch-pruning>=1.6'],
        'test': [
            'pytest',
            'pytest-xdist',
            'pytest-cov',
            'hypothesis',
            'pycocotools>=2.0.8',
            'torchmetrics>=1.8',
            'timm>=1.0',
            'huggingface-hub',
            'grad-cam>=1.5.5',
            'optuna>=4.2',
            'torch-pruning>=1.6',
            'yapf',
        ],
        'lint': ['ruff', 'mypy', 'pre-commit'],
        'docs': ['sphinx>=7', 'furo', 'myst-parser', 'sphinx-copybutton', 'latex2mathml'],
        'release': ['uv', 'pip-audit'],
    },
    entry_points={'console_scripts': ['wsolzoo = wsolzoo.cli:main']},
    zip_safe=False,
)
