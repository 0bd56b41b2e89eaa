"""Defocus an image: cut it into layers of equal blur and composite them from far to near.

Source: the layered rendering of Lee et al., CVPR 2019, in the form of their public generator: layers of equal quantised
disc diameter, Gaussian blur of the layer and of its mask, and, in front of the in-focus layer, a smooth filling of the
background that the blur would drag in from behind a nearer object.
"""

import functools
from dataclasses import dataclass

import cv2
import numpy as np

from wsolzoo.synthetic.optics.harmonic import fill_harmonic
from wsolzoo.synthetic.optics.lens import SIGMA_RULES

QUANTUM = 0.1
"""Step of the disc diameter, pixels."""


@dataclass(frozen=True)
class Layers:
    """The layers of a scene, far to near.

    Attributes:
        index: (H, W) int32, layer of each pixel, 0 the farthest.
        disc: (L,) float64, disc diameter of each layer in pixels, a multiple of 0.1.
        first_sharp: index of the first layer with a disc of at most 1 px; L when there is none.
    """

    index: np.ndarray
    disc: np.ndarray
    first_sharp: int


def cut(depth: np.ndarray, disc: np.ndarray) -> Layers:
    """Group pixels into layers: distinct depths far to near, neighbours of equal quantised disc merged.

    Args:
        depth: (H, W), any unit, larger is farther.
        disc: (H, W) disc diameter, pixels.
    """
    depths, where, inverse = np.unique(-np.asarray(depth, np.float64), return_index=True, return_inverse=True)
    steps = np.rint(np.asarray(disc, np.float64).ravel()[where] / QUANTUM).astype(np.int64)
    new = np.ones(len(depths), bool)
    new[1:] = steps[1:] != steps[:-1]
    layer_disc = steps[new] * QUANTUM
    sharp = np.flatnonzero(layer_disc <= 1)
    index = (np.cumsum(new) - 1)[inverse].reshape(depth.shape).astype(np.int32)
    return Layers(index, layer_disc, int(sharp[0]) if len(sharp) else len(layer_disc))


def kernel(sigma: float, c_max: int, radius_sigmas: float | None = 3.0) -> np.ndarray:
    """One axis of the Gaussian, normalised, float32, odd length.

    By default the discrete analogue ``e^-t I_n(t)``, t = sigma^2 (Lindeberg, PAMI 1990), whose variance is t at any
    width, so that maps say what was rendered; a sampled Gaussian is far too narrow below half a pixel.

    Args:
        sigma: standard deviation, pixels, positive.
        c_max: side of the published square window in pixels, for ``radius_sigmas=None``.
        radius_sigmas: reach in deviations; at three the true deviation is 1.4 % below ``sigma``. ``None`` takes the
            published kernel instead: sampled, and cut by the window, which lies at two deviations of the widest (12 %
            below; under rule ``coc15`` at one, 43 % below).
    """
    if radius_sigmas is None:
        taps = np.exp(-0.5 * (np.arange(-(int(c_max) // 2), int(c_max) // 2 + 1) / sigma) ** 2)
        taps = taps[taps > np.finfo(np.float64).eps * taps.max()]
    else:
        from scipy.special import ive

        reach = max(1, int(np.ceil(radius_sigmas * sigma)))
        taps = ive(np.abs(np.arange(-reach, reach + 1)), sigma**2)
    return (taps / taps.sum()).astype(np.float32)


def _blur(planes: np.ndarray, taps: np.ndarray) -> np.ndarray:
    out = cv2.sepFilter2D(planes, -1, taps, taps, borderType=cv2.BORDER_REFLECT)
    return out if out.ndim == planes.ndim else out[..., None]


def _grow(window: tuple[slice, ...], radius: int, shape: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(slice(max(0, s.start - radius), min(n, s.stop + radius)) for s, n in zip(window, shape))


@functools.cache
def _lay_over():
    from numba import njit

    @njit(cache=True)
    def lay_over(stack, layer):  # pragma: no cover - compiled
        h, w, n = layer.shape
        for y in range(h):
            for x in range(w):
                m = layer[y, x, n - 1]
                if m >= 1e-4:
                    for k in range(n):
                        stack[y, x, k] = (1 - m) * stack[y, x, k] + layer[y, x, k]

    return lay_over


def _fill_behind(stack: np.ndarray, covered: np.ndarray, area: tuple[slice, ...], taps: np.ndarray) -> None:
    """Continue colour and cover from ``covered`` pixels to those that kernel ``taps`` would drag in from uncovered
    background; in place, within reach of the layer that lies in ``area``. A pixel is filled anew before every layer
    until one covers it, so only the fills near the layer itself last."""
    wide = _grow(area, len(taps), covered.shape)
    union = covered[wide]
    if not union.any() or union.all():
        return
    spread = _blur(union.astype(np.float32)[..., None], taps)
    unknown = (spread[..., 0] > 1e-3) & ~union
    rows, cols = np.flatnonzero(unknown.any(1)), np.flatnonzero(unknown.any(0))
    if not len(rows):
        return
    hole = (slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1))
    near = _grow(hole, len(taps) // 2, unknown.shape)
    part, union, unknown, spread = stack[wide][near], union[near], unknown[near], spread[near]
    values = part * union[..., None]
    values[..., :-1] /= np.maximum(part[..., -1:], 1e-6)
    values[unknown] = _blur(values, taps)[unknown] / spread[unknown]
    fill_harmonic(values, unknown, union)
    filled = values[unknown]
    filled[:, :-1] *= filled[:, -1:]
    part[unknown] = filled


def composite(
    image: np.ndarray,
    layers: Layers,
    c_max: int,
    rule: str = 'released',
    radius_sigmas: float | None = 3.0,
) -> np.ndarray:
    """Blur every layer by its own disc and lay it over what is behind it.

    For layer image I, mask M and kernel g: ``m = g * M``, ``out <- (1 - m) out + g * (I M)``,
    ``acc <- (1 - m) acc + m``; the result is ``out / acc``. Only the window a layer can reach is touched.

    Args:
        image: (H, W, C) float32.
        layers: from :func:`cut`.
        c_max: side of the kernel window, pixels.
        rule: disc to sigma, see :data:`~wsolzoo.synthetic.optics.lens.SIGMA_RULES`.
        radius_sigmas: see :func:`kernel`.

    Returns:
        (H, W, C) float32. A constant image stays constant.
    """
    from scipy.ndimage import find_objects

    sharp, slope = SIGMA_RULES[rule]
    shape = image.shape[:2]
    planes = np.dstack([image, np.ones(shape, np.float32)]).astype(np.float32)
    stack = np.zeros_like(planes)  # colour times cover, and cover as the last plane
    covered = np.zeros(shape, bool)
    lay_over = _lay_over()
    for number, window in enumerate(find_objects(layers.index + 1)):
        if window is None:  # a crop may lack a layer
            continue
        c = layers.disc[number]
        taps = kernel(slope * (c - sharp), c_max, radius_sigmas) if c > 1 else np.ones(1, np.float32)
        area = _grow(window, len(taps) // 2, shape)
        mask = layers.index[area] == number
        layer = planes[area] * mask[..., None]
        if c > 1:
            layer = _blur(layer, taps)
            if number > layers.first_sharp:
                _fill_behind(stack, covered, area, taps)
        lay_over(stack[area], layer)
        covered[area] |= mask
    return stack[..., :-1] / np.maximum(stack[..., -1:], 1e-6)


def defocus(image: np.ndarray, depth: np.ndarray, disc: np.ndarray, c_max: int, rule: str = 'released', **kwargs):
    """Blur a picture as a lens would; what comes after is for :mod:`wsolzoo.synthetic.optics.camera`.

    Args:
        image: (H, W, C) uint8, all in focus.
        depth: (H, W), larger is farther.
        disc: (H, W) disc diameter in pixels, from :func:`~wsolzoo.synthetic.optics.lens.disc`.
        c_max: bound on ``disc``, pixels.
        rule: disc to sigma.
        **kwargs: see :func:`composite`.

    Returns:
        The defocused image (H, W, C) float32, not rounded, and the disc diameter that was applied (H, W) float64,
        pixels, a multiple of 0.1.

    Raises:
        ValueError: the shapes differ, or a disc is over ``c_max``.
    """
    if image.shape[:2] != depth.shape or disc.shape != depth.shape:
        raise ValueError(f'image {image.shape[:2]}, depth {depth.shape} and disc {disc.shape} must have one size')
    if disc.max() > c_max + QUANTUM / 2:
        raise ValueError(f'a disc of {disc.max():.2f} px exceeds c_max={c_max}')
    layers = cut(depth, disc)
    return composite(image.astype(np.float32), layers, c_max, rule, **kwargs), layers.disc[layers.index]
