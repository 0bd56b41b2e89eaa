"""Animals drawn by program, so that everything about every pixel is known.

``draw_scene(seed, split, index)`` gives one scene; :mod:`wsolzoo.datasets.scenes` reads them for training.
"""

from wsolzoo.synthetic.scenes.glyphs import draw_glyph
from wsolzoo.synthetic.scenes.scene import Scene, SceneSpec, draw_scene, scene_label
from wsolzoo.synthetic.scenes.species import SPECIES

__all__ = ['SPECIES', 'Scene', 'SceneSpec', 'draw_glyph', 'draw_scene', 'scene_label']
