"""Checkpoints: written whole, read without running anything in them."""

from wsolzoo.engine.weights import atomic, checkpoint, sources

__all__ = ['atomic', 'checkpoint', 'install', 'sources']


def install() -> None:
    """Let MMEngine read and write through this package, in the whole process; a second call changes nothing.

    Tools and the Runner of our configs call it. An import alone leaves MMEngine as it is.
    """
    atomic.install()
    sources.install()
