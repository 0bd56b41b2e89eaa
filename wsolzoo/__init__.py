"""wsolzoo: a model zoo for weakly supervised object localization on MMEngine.

Importing the package is cheap: nothing here imports torch. Components live behind the registries of
:mod:`wsolzoo.registry` and are imported when a config first names one.
"""

from wsolzoo.compat import allow_package_configs, check_distributions

__version__ = '0.1.0'

check_distributions()
allow_package_configs()
