"""wsolzoo: a model zoo for weakly supervised object localization on MMEngine.

Importing the package imports nothing but the standard library and changes nothing outside it. What a process needs
besides is one call, :func:`wsolzoo.run.environment.prepare_environment`, which every tool and every Inferencer makes.
Components live behind the registries of :mod:`wsolzoo.registry` and are imported when a config first names one.
"""

from wsolzoo.compat import check_distributions

__version__ = '0.1.0'

check_distributions()
