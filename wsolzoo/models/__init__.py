"""Bricks that two methods or more use."""

from wsolzoo.models import backbones, heads
from wsolzoo.models.localizer import Localizer

__all__ = ['Localizer', 'backbones', 'heads']
