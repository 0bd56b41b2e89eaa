"""What a protocol consists of: frozen records, and how they read in words."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import numpy as np

from wsolzoo import maps
from wsolzoo.evaluation.functional.flood import COMPONENTS

FINEST = 1e-4
"""Least step of a grid: 10,000 thresholds, which a record counts in 16 bits."""
EMPTY = ('zero', 'pixel', 'view', 'skip')
REFERENCES = ('max', 'p90', 'one')
POLICIES = ('oracle', 'transferred', 'fixed')


@dataclass(frozen=True)
class View:
    """What the network saw, and therefore the frame of maps and boxes."""

    resize: tuple[int, int] = (224, 224)
    """Height and width the image is resized to, aspect ratio ignored."""
    crop: tuple[int, int] | None = None
    """Height and width of the centre crop after that, or None."""
    scores: str = 'one view'
    """Where the class score comes from: 'one view', 'ten crops' (softmax, then mean) or 'separate classifier'."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the frame in which maps and boxes meet."""
        return self.crop or self.resize


def import_components() -> None:
    """Import the methods and the installed plugins, which may register map normalisers."""
    from wsolzoo.registry import METRICS

    METRICS.import_from_location()


@dataclass(frozen=True)
class MapRule:
    """How a raw map becomes the array that is thresholded."""

    normalizer: str = 'minmax'
    """A name of :data:`wsolzoo.maps.NORMALIZERS`; a dict of ``type`` and arguments is taken apart."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the normaliser."""
    before_resize: bool = False
    """Normalise at the resolution of the network's output, before resizing."""
    interpolation: str = 'cubic'
    """How the map is resized: 'cubic' or 'linear'."""
    quantise: bool = True
    """Truncate to 256 grey levels after normalising."""

    def __post_init__(self) -> None:
        spec = {'type': self.normalizer} if isinstance(self.normalizer, str) else self.normalizer
        name, arguments = maps.normalizer_of({**spec, **self.arguments}, load=import_components)
        object.__setattr__(self, 'normalizer', name)
        object.__setattr__(self, 'arguments', arguments)


@dataclass(frozen=True)
class ThresholdRule:
    """Which thresholds are looked at, and which one makes the headline."""

    interval: float = 0.001
    """Step of the grid ``numpy.arange(0, 1, interval)``."""
    reference: str = 'max'
    """What a threshold is relative to: 'max' of the map, 'p90' (its 90th percentile, interpolated) or 'one'."""
    fixed: float | None = None
    """The published threshold, used in the column 'fixed'."""
    published: Mapping[str, float] = field(default_factory=dict)
    """Published thresholds by 'data set/backbone', for those who want another one."""
    policy: str = 'oracle'
    """The protocol's own headline: 'oracle' (best on the reported split), 'transferred' or 'fixed'."""
    roles: tuple[str, str] = ('test', 'test')
    """Role of the split that chooses the threshold, and of the split that is reported."""

    def grid(self) -> np.ndarray:
        """The thresholds of the sweep, (T,) float64."""
        return np.arange(0, 1, self.interval)


@dataclass(frozen=True)
class BoxRule:
    """How the foreground becomes boxes."""

    component: str = 'largest contour'
    """'largest contour' (by polygon area), 'all contours' (holes included), 'largest component' (8-connected, by
    pixels)."""
    clip: bool = True
    """Clip the (exclusive) end of a box to the last pixel's index, as Choe et al. do; else ends may equal the size."""
    empty: str = 'zero'
    """The box of an empty foreground: 'zero' (0 0 0 0), 'pixel' (0 0 1 1), 'view' (all of it), or 'skip', which leaves
    the image out of the denominator."""

    def empty_box(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """The box of an empty foreground in a view of that height and width (zeros where such an image is skipped)."""
        height, width = size
        return {'pixel': (0, 0, 1, 1), 'view': (0, 0, width, height)}.get(self.empty, (0, 0, 0, 0))


@dataclass(frozen=True)
class HitRule:
    """How boxes are compared and hits are averaged."""

    ious: tuple[float, ...] = (0.5,)
    """IoU levels; more than one makes ``MaxBoxAccV2``, their mean."""
    offset: int = 1
    """Added to every side when areas are computed."""
    strict: bool = False
    """A hit is ``IoU > level`` instead of ``>=``."""
    strict_topk: bool = False
    """The same for Top-1 and Top-5 Loc."""
    truth: str = 'truncated'
    """Ground-truth coordinates in the frame: 'truncated' to integers, 'last pixel' (truncated, clipped to
    [0, size - 1]) or 'float'."""
    gt_policy: str = 'any'
    """'any' box of the image may be hit, or only the 'first'."""
    average: str = 'micro'
    """'micro' over images or 'macro' over classes."""


@dataclass(frozen=True)
class Protocol:
    """A complete definition. ``box=None`` makes it a pixel protocol (PxAP)."""

    name: str
    source: str
    view: View = View()
    map: MapRule = MapRule()
    threshold: ThresholdRule = ThresholdRule()
    box: BoxRule | None = BoxRule()
    hit: HitRule = HitRule()
    notes: tuple[str, ...] = ()
    """Decisions taken where the source is silent, and differences to it."""

    def __post_init__(self) -> None:
        _check('interpolation', self.map.interpolation, tuple(maps.INTERPOLATIONS))
        _check('reference', self.threshold.reference, REFERENCES)
        _check('policy', self.threshold.policy, POLICIES)
        _check('truth', self.hit.truth, ('truncated', 'last pixel', 'float'))
        _check('gt_policy', self.hit.gt_policy, ('any', 'first'))
        _check('average', self.hit.average, ('micro', 'macro'))
        if self.box is not None:
            _check('component', self.box.component, COMPONENTS)
            _check('empty', self.box.empty, EMPTY)
        if not FINEST <= self.threshold.interval < 1:
            raise ValueError(f'threshold interval is from {FINEST:g} to below 1; got {self.threshold.interval!r}')
        if self.map.quantise is False and self.threshold.reference != 'one':
            raise ValueError(
                "a map that is not quantised is compared with absolute thresholds: reference must be 'one'"
            )

    @property
    def is_pixel(self) -> bool:
        """Whether it measures pixels against masks instead of boxes."""
        return self.box is None

    @property
    def fingerprint(self) -> str:
        """Eight hex digits of the definition; results of different fingerprints do not belong in one table."""
        return hashlib.sha256(repr(_plain(replace(self, name='', source='', notes=()))).encode()).hexdigest()[:8]

    def describe(self) -> str:
        """The definition in words."""
        return '\n'.join([f'{self.name}: {self.source}', *(f'  {line}' for line in _sentences(self))])


def _check(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f'{what} is one of {", ".join(allowed)}; got {value!r}')


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return [(f.name, _plain(getattr(value, f.name))) for f in fields(value)]
    return sorted(value.items()) if isinstance(value, Mapping) else value


def _sentences(p: Protocol) -> list[str]:
    lines = [_view_words(p.view), _map_words(p.map), _threshold_words(p)]
    if p.box is None:
        lines += [
            'Masks: resized to the frame (nearest); object, background, and ignored pixels, which are not counted.',
            'Score: average precision over all pixels of the data set (PxAP), and the best pixel IoU (pIoU).',
        ]
    else:
        lines += [_box_words(p.box), *_hit_words(p.hit)]
    return lines + [f'Note: {note}.' for note in p.notes]


def _view_words(view: View) -> str:
    crop = f', then the centre {view.crop[1]}x{view.crop[0]} is cut out' if view.crop else ', no crop'
    return (
        f'View: the image is resized to {view.resize[1]}x{view.resize[0]} ignoring its aspect ratio{crop}; '
        f'class score: {view.scores}.'
    )


def _map_words(rule: MapRule) -> str:
    arguments = ''.join(f', {key}={_short(value)}' for key, value in rule.arguments.items())
    normalise, resize = f'normalised ({rule.normalizer}{arguments})', f'resized to the view ({rule.interpolation})'
    first, second = (normalise, resize) if rule.before_resize else (resize, normalise)
    return f'Map: {first}, then {second}' + (', then truncated to 256 grey levels.' if rule.quantise else '.')


def _short(value: Any) -> str:
    return f'{value:g}' if isinstance(value, int | float) else str(value)


def _threshold_words(p: Protocol) -> str:
    rule = p.threshold
    if p.is_pixel:
        return f'Thresholds: every one from 0 to 1 in steps of {rule.interval:g}; none is chosen.'
    relative = {'max': 'times the maximum', 'p90': 'times the 90th percentile', 'one': 'absolute'}[rule.reference]
    fixed = f'; fixed threshold {rule.fixed:g}' if rule.fixed is not None else ''
    chooser, reported = rule.roles
    headline = {
        'oracle': f'the best one on the reported split ({reported}) itself',
        'transferred': f'the one that was best on {chooser}, applied to {reported}',
        'fixed': 'the fixed one',
    }[rule.policy]
    return (
        f'Threshold: foreground is strictly above it, {relative}; grid from 0 in steps of {rule.interval:g}{fixed}. '
        f'The headline uses {headline}.'
    )


def _box_words(rule: BoxRule) -> str:
    which = {
        'largest contour': 'the contour of largest area (polygon through pixel centres)',
        'all contours': 'all contours, those of holes included; the best one counts',
        'largest component': 'the 8-connected component with most pixels',
    }[rule.component]
    end = 'clipped to the index of the last pixel' if rule.clip else 'not clipped'
    empty = {
        'zero': 'gives the box 0 0 0 0',
        'pixel': 'gives the box 0 0 1 1',
        'view': 'gives the whole view',
        'skip': 'leaves the image out of the denominator',
    }[rule.empty]
    return f'Box: of {which}; its end is exclusive, {end}; an empty foreground {empty}.'


def _hit_words(rule: HitRule) -> list[str]:
    truth = {
        'truncated': 'truncated to integers',
        'last pixel': 'truncated and clipped to the last pixel',
        'float': 'real',
    }
    sign = {True: '>', False: '>='}
    levels = ', '.join(f'{iou:g}' for iou in rule.ious)
    which = 'any box of the image' if rule.gt_policy == 'any' else 'the first box of the image'
    topk = '' if rule.strict == rule.strict_topk else f' ({sign[rule.strict_topk]} for Top-1 and Top-5 Loc)'
    mean = {'micro': 'over images', 'macro': 'over classes, each the mean of its images'}[rule.average]
    return [
        f'Truth: coordinates in the view, {truth[rule.truth]}; {which} may be hit.',
        f'Hit: IoU {sign[rule.strict]} {levels}{topk}, with {rule.offset} added to every side.',
        f'Average: {mean}.',
    ]
