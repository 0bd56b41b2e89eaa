"""Checkpoints: written whole, read without running anything in them."""

from wsolzoo.engine.weights import atomic, checkpoint

__all__ = ['atomic', 'checkpoint']
