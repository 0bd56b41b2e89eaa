"""What is changed in the process, in one place: importing wsolzoo changes nothing."""

from wsolzoo import compat
from wsolzoo.registry import load_plugins


def prepare_environment() -> None:
    """Make the process ready to read configs and to build from them; may be called any number of times.

    Known noise of the libraries is silenced, ``wsolzoo::`` may stand in ``_base_``, installed plugins are imported, and
    MMEngine reads checkpoints without running anything in them and writes files whole.
    """
    compat.quiet()
    from wsolzoo.engine import weights  # takes as long as torch itself, and some of what it imports is noisy

    compat.allow_package_configs()
    load_plugins()
    weights.install()
