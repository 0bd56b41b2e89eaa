"""The built-in data set: animals drawn by program, so that everything about every pixel is known.

``draw_scene(seed, split, index)`` gives one scene outside any framework; the readers feed training.
"""

from .glyphs import Glyphs, draw_glyph
from .readers import ScenesDefocus, ScenesSaliency, WSOLScenes
from .scene import Scene, SceneSpec, draw_scene, scene_label
from .species import SPECIES

__all__ = [
    'SPECIES',
    'Glyphs',
    'Scene',
    'SceneSpec',
    'ScenesDefocus',
    'ScenesSaliency',
    'WSOLScenes',
    'draw_glyph',
    'draw_scene',
    'scene_label',
]
