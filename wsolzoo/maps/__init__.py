"""Pure functions on maps: normalise, resize, quantise, threshold, and boxes of what is left.

A *map* is a 2-D array of any real values; a *normalised* map is float64 in [0, 1]. Sizes are ``(height, width)``.
Boxes are ``x0 y0 x1 y1`` in pixels, end exclusive: a box of one pixel at the origin is ``0 0 1 1``. Protocols that
change a box afterwards (clip it, say) do so themselves, see :mod:`wsolzoo.evaluation.localization.protocols`.

Example:
    >>> from wsolzoo import maps
    >>> raw = maps.check_map([[0, 0, 0], [0, 4, 2], [0, 0, 0]])
    >>> maps.is_degenerate(raw)
    False
    >>> levels = maps.quantise(maps.minmax(raw))
    >>> maps.grey_level(levels, 0.4)
    102
    >>> mask = maps.threshold(levels, 0.4)
    >>> len(maps.contours(mask))
    1
    >>> maps.largest_component_box(mask)
    array([1, 1, 3, 2])
"""

from wsolzoo.maps.boxes import (
    contour_boxes,
    contours,
    grey_level,
    largest_component_box,
    largest_contour_box,
    quantise,
    threshold,
)
from wsolzoo.maps.frames import INTERPOLATIONS, place, resize
from wsolzoo.maps.normalizers import (
    NORMALIZERS,
    NormalizerError,
    clip,
    ivr,
    max_norm,
    minmax,
    normalize,
    normalizer_of,
    pas,
    percentile,
    percentile_max,
    register_normalizer,
    settings_of,
)
from wsolzoo.maps.validity import LIMIT, check_map, is_degenerate

__all__ = [
    'INTERPOLATIONS',
    'LIMIT',
    'NORMALIZERS',
    'NormalizerError',
    'check_map',
    'clip',
    'contour_boxes',
    'contours',
    'grey_level',
    'is_degenerate',
    'ivr',
    'largest_component_box',
    'largest_contour_box',
    'max_norm',
    'minmax',
    'normalize',
    'normalizer_of',
    'pas',
    'percentile',
    'percentile_max',
    'place',
    'quantise',
    'register_normalizer',
    'resize',
    'settings_of',
    'threshold',
]
