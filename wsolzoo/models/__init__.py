"""Bricks that two methods or more use, and the tasks that put them together."""

from wsolzoo.models import adversarial, backbones, heads, tasks

__all__ = ['adversarial', 'backbones', 'heads', 'tasks']
