"""Maps over images, boxes over maps, and the report."""

from wsolzoo.visualization.drawing import draw
from wsolzoo.visualization.lazy import LazyVisualizer
from wsolzoo.visualization.overlay import draw_boxes, localization_strip, overlay_map
from wsolzoo.visualization.report import wanted_images, write_report
from wsolzoo.visualization.visualizer import LocVisualizer, safe_name, save_picture

__all__ = [
    'draw',
    'LazyVisualizer',
    'LocVisualizer',
    'draw_boxes',
    'localization_strip',
    'overlay_map',
    'safe_name',
    'save_picture',
    'wanted_images',
    'write_report',
]
