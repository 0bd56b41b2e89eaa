"""Bricks that two methods or more use, and the tasks that put them together."""

from wsolzoo.models import backbones, heads, tasks

__all__ = ['backbones', 'heads', 'tasks']
