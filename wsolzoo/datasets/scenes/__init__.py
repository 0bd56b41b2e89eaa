"""The built-in data sets: readers of what :mod:`wsolzoo.synthetic.scenes` draws."""

from wsolzoo.datasets.scenes.glyphs import Glyphs
from wsolzoo.datasets.scenes.readers import ScenesDefocus, ScenesSaliency, WSOLScenes

__all__ = ['Glyphs', 'ScenesDefocus', 'ScenesSaliency', 'WSOLScenes']
