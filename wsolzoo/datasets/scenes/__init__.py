"""The built-in data sets: readers of what :mod:`wsolzoo.synthetic.scenes` draws."""

from wsolzoo.datasets.scenes.dense import ScenesSaliency
from wsolzoo.datasets.scenes.glyphs import Glyphs
from wsolzoo.datasets.scenes.localization import WSOLScenes

__all__ = ['Glyphs', 'ScenesSaliency', 'WSOLScenes']
