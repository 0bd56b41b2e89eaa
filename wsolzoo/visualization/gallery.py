"""Which results to show as pictures, and how one of them becomes a figure of the report."""

import base64
import io
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image

from wsolzoo.visualization.drawing import draw
from wsolzoo.visualization.overlay import as_boxes, check_image, colorize, crop_to, heat_layer, scaled_maps
from wsolzoo.visualization.summary import HIT, is_number

SIDE = 320
"""Longest side of a picture in the report, in pixels."""
LAYER_SIDE = 128
"""Longest side of the map that lies over it: maps are smooth, and the page stretches them."""


@dataclass
class Selection:
    """Records (dicts of ``result['images']``) that the report shows as pictures."""

    best: list[dict] = field(default_factory=list)
    worst: list[dict] = field(default_factory=list)
    sample: list[dict] = field(default_factory=list)
    causes: dict[str, list[dict]] = field(default_factory=dict)

    def ids(self) -> list[str]:
        """The images to fetch, each once, in a fixed order."""
        records = self.best + self.worst + self.sample + [r for group in self.causes.values() for r in group]
        return list(dict.fromkeys(record['img_id'] for record in records))


def select(
    records: list[dict], count: int = 12, failures: int = 96, seed: int = 0, shown: int | None = None
) -> Selection:
    """Best and worst by IoU, a seeded random sample, and as many failures as a page bears, shared among the causes.

    The answer depends on the records and the seed, not on the order in which processes delivered them.

    Args:
        records: ``result['images']``.
        count: pictures in each of best, worst and sample.
        failures: pictures of failures in all.
        seed: of the random samples.
        shown: pictures in the sample instead of ``count``.
    """
    records = sorted((record for record in records if 'img_id' in record), key=lambda record: record['img_id'])
    scored = sorted((r for r in records if is_number(r.get('iou'))), key=lambda record: record['iou'])
    count_ends = min(count, len(scored) // 2)
    groups: dict[str, list[dict]] = {}
    for record in records:
        if record.get('cause') not in (None, HIT):
            groups.setdefault(record['cause'], []).append(record)
    shares = share_out({cause: len(groups[cause]) for cause in sorted(groups)}, failures)
    return Selection(
        best=scored[::-1][:count_ends],
        worst=scored[:count_ends],
        sample=_draw(records, shown or count, seed),
        causes={cause: _draw(groups[cause], share, seed) for cause, share in shares.items()},
    )


def share_out(wanted: Mapping[str, int], total: int) -> dict[str, int]:
    """Equal shares of ``total``; what a small group does not need goes to the larger ones.

    Example:
        >>> share_out({'a': 2, 'b': 50, 'c': 90}, 32)
        {'a': 2, 'b': 15, 'c': 15}
    """
    shares: dict[str, int] = {}
    for name in sorted(wanted, key=lambda name: wanted[name]):
        shares[name] = min(wanted[name], (total - sum(shares.values())) // (len(wanted) - len(shares)))
    return {name: shares[name] for name in wanted}


def _draw(records: list[dict], count: int, seed: int) -> list[dict]:
    return random.Random(seed).sample(records, min(count, len(records)))


def name_of(label: object, classes: list[str] | None) -> str:
    """The name of a class index, ``class 3`` where names are unknown; names pass through."""
    if isinstance(label, (int, np.integer)):
        return classes[label] if classes and 0 <= label < len(classes) else f'class {label}'
    return str(label)


def figure(record: dict, picture: Mapping, classes: list[str] | None = None) -> dict:
    """What the template needs to draw one result.

    Args:
        record: an entry of ``result['images']``.
        picture: ``image`` (H, W, 3) uint8 RGB; optionally ``map`` (h, w) evidence of any range, the estimate
            ``pred_map`` and its truth ``gt_map`` (h, w) in [0, 1] with the names of their units ``pred_unit`` and
            ``map_unit``, or the ``drawing`` of another task; and ``frame`` (height, width), the size of the frame in
            which the boxes are given (default: ``frame`` of the record, then the size of ``image``).
        classes: names.

    Returns:
        ``photo`` and ``heat`` as data addresses, ``frame``, ``predicted`` and ``true`` boxes, ``panes`` (estimate and
        truth of a dense task), ``real`` (the picture given, where the one shown was made of nothing), and texts.
    """
    image, dense = check_image(picture['image']), picture.get('pred_map') is not None
    image = crop_to(image, picture['pred_map']) if dense else image
    given, drawing = image, picture.get('drawing')
    if drawing is not None:
        image = draw(image, drawing)
    height, width = picture.get('frame') or record.get('frame') or image.shape[:2]
    label = name_of(record['label'], classes) if 'label' in record else ''
    guesses = record.get('pred_labels') or []
    guess = name_of(guesses[0], classes) if len(guesses) else ''
    iou = record['iou'] if is_number(record.get('iou')) else None
    told = [f'Image {record["img_id"]}', f'class {label}' if label else '', f'predicted {guess}' if guess else '']
    told.append('' if iou is None else f'boxes overlap by {iou:.2f}')
    return {
        'id': record['img_id'],
        'photo': webp(shrink(image, SIDE), quality=80 if max(image.shape) > 160 else 92),
        'heat': None if picture.get('map') is None else _heat(picture['map'], image.shape[:2]),
        'panes': panes(picture) if dense else [],
        'real': webp(shrink(given, SIDE), quality=92) if drawing is not None and drawing.of_nothing else None,
        'frame': (int(height), int(width)),
        'predicted': corners(record.get('box')),
        'true': corners(record.get('gt_boxes')),
        'iou': iou,
        'hit': iou is not None and iou >= hit_level(record),
        'label': label,
        'guess': guess,
        'alt': ', '.join(part for part in told if part),
    }


def _heat(map: np.ndarray, size: tuple[int, int]) -> str:
    factor = min(1.0, LAYER_SIDE / max(size))
    layer = heat_layer(map, (max(1, round(size[0] * factor)), max(1, round(size[1] * factor))))
    return webp(np.concatenate([layer[..., :3], 255 * layer[..., 3:]], axis=2).round().astype(np.uint8), quality=70)


def panes(picture: Mapping) -> list[dict]:
    """Estimate and truth of a dense task as pictures with the upper ends of their colour bars."""
    return [
        {'name': name, 'src': webp(shrink(colorize(map), SIDE)), 'unit': unit, 'high': top}
        for name, map, top, unit in scaled_maps(picture)
    ]


def hit_level(record: Mapping) -> float:
    """The IoU that a hit needs under the protocol that made the record."""
    return float(record.get('iou_level', 0.5))


def corners(boxes: np.ndarray | list | None) -> list[dict]:
    """Boxes as x, y, width, height with one decimal, empty ones left out."""
    found = []
    for x0, y0, x1, y1 in as_boxes(boxes).tolist():
        if x1 > x0 and y1 > y0:
            found.append({'x': round(x0, 1), 'y': round(y0, 1), 'w': round(x1 - x0, 1), 'h': round(y1 - y0, 1)})
    return found


def shrink(image: np.ndarray, side: int) -> np.ndarray:
    """An image whose longer side is at most ``side`` pixels."""
    factor = side / max(image.shape[:2])
    if factor >= 1:
        return image
    size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def webp(image: np.ndarray, quality: int = 80) -> str:
    """An RGB or RGBA image as a ``data:`` address that a page can show without fetching anything."""
    data = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(data, 'WEBP', quality=quality, alpha_quality=50, method=4)
    return 'data:image/webp;base64,' + base64.b64encode(data.getvalue()).decode()
