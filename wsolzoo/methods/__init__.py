"""The zoo: one paper, one module (or one folder). Every module here is imported; there is no list to edit."""

import importlib
import pkgutil

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    importlib.import_module(f'{__name__}.{_module}')
