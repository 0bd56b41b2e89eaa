"""Thin-lens defocus: from a depth map to the blur of every pixel. Pure functions, numpy only.

Source: Lee, Son, Rim, Cho, Lee, *Deep Defocus Map Estimation Using Domain Adaptation*, CVPR 2019, and the patent
KR 10-2363049, equation 1. Lengths are in mm, blur is the diameter of the disc of confusion in pixels unless said.
"""

from dataclasses import asdict, dataclass

import numpy as np

SENSOR_WIDTH = 36.0
"""Width of the sensor in mm (full frame)."""

SIGMA_RULES = {'paper': (0.0, 0.25), 'released': (1.0, 0.25), 'coc15': (1.0, 0.5)}
"""Disc diameter c in pixels to the standard deviation of the Gaussian: ``sigma = slope * max(c - sharp, 0)``, as
``name: (sharp, slope)``. *paper*: c/4 with c_max 28; *released*: the authors' public generator, c_max 29; *coc15*: the
coding of the data set they distribute, c_max 15. All three end at 7 px."""

MAP_UNITS = {'coc15': 15.0, 'sigma7': 7.0}
"""Unit of a stored map: what a map value of 1 means (15 px of disc diameter, or 7 px of standard deviation)."""

MAX_SIGMA = 7.0
"""Standard deviation in pixels at which the units end."""

FOCALS = ((50.0, 0.1), (70.0, 0.4), (85.0, 0.4))
"""Focal lengths in mm with their published weights, which sum to 0.9 and are normalised."""


@dataclass(frozen=True)
class Lens:
    """One sampled lens.

    Attributes:
        focal: focal length F, mm.
        focus: in-focus distance S1, mm; larger than ``focal``.
        alpha: blur coefficient of equation 1 in pixels, ``(f1 / S1) * D * width / 36``: the blur at infinity.
        f_number: aperture number N = F / D.
    """

    focal: float
    focus: float
    alpha: float
    f_number: float

    def to_dict(self) -> dict:
        """The four numbers, for the manifest."""
        return asdict(self)


def image_distance(focal: float, focus: float) -> float:
    """Distance f1 (mm) behind the lens where an object at ``focus`` is sharp: F * S1 / (S1 - F).

    Raises:
        ValueError: the object is not farther away than the focal length.
    """
    if focus <= focal:
        raise ValueError(f'the in-focus distance must exceed the focal length {focal} mm; got {focus} mm')
    return focal * focus / (focus - focal)


def alpha_of(focal: float, focus: float, f_number: float, width: int) -> float:
    """Coefficient alpha of equation 1 in pixels for aperture number ``f_number`` and an image ``width`` px wide."""
    return image_distance(focal, focus) / focus * (focal / f_number) * width / SENSOR_WIDTH


def f_number_of(focal: float, focus: float, alpha: float, width: int) -> float:
    """Aperture number N that gives ``alpha`` (px): the inverse of :func:`alpha_of`. Infinite for ``alpha`` 0."""
    return float('inf') if alpha == 0 else alpha_of(focal, focus, 1.0, width) / alpha


def disc(depth: np.ndarray, focus: float, alpha: float) -> np.ndarray:
    """Equation 1: diameter of the disc of confusion in pixels, ``alpha * |x - S1| / x``.

    Args:
        depth: any shape, mm, positive.
        focus: S1, mm.
        alpha: pixels.

    Raises:
        ValueError: a depth is not positive.
    """
    depth = np.asarray(depth, dtype=np.float64)
    if depth.size and depth.min() <= 0:
        raise ValueError('depth must be positive everywhere (fill holes first); got a value <= 0')
    return alpha * np.abs(depth - focus) / depth


def alpha_bound(near: float, far: float, focus: float, c_max: float) -> float:
    """Largest alpha (px) for which no depth in [near, far] gets a disc over ``c_max`` px."""
    worst = max(abs(near - focus) / near, abs(far - focus) / far)
    return float(c_max) / worst if worst > 0 else float('inf')


def disc_to_sigma(c: np.ndarray | float, rule: str = 'released') -> np.ndarray:
    """Disc diameter (px) to the standard deviation (px) of the Gaussian that imitates it; see :data:`SIGMA_RULES`."""
    if rule not in SIGMA_RULES:
        raise ValueError(f'sigma rule must be one of {", ".join(SIGMA_RULES)}; got {rule!r}')
    sharp, slope = SIGMA_RULES[rule]
    return slope * np.maximum(np.asarray(c, dtype=np.float64) - sharp, 0)


def to_sigma(values: np.ndarray, unit: str) -> np.ndarray:
    """Map values in [0, 1] to the standard deviation of the blur in pixels, at most :data:`MAX_SIGMA`.

    Args:
        values: any shape.
        unit: ``coc15``: 1 is a disc of 15 px, ``sigma = max(0, (15 v - 1) / 2)``; ``sigma7``: ``sigma = 7 v``.

    Raises:
        ValueError: unknown unit.

    Example:
        >>> to_sigma(np.array([0.0, 0.5, 1.0]), 'coc15')
        array([0.  , 3.25, 7.  ])
    """
    if unit not in MAP_UNITS:
        raise ValueError(f'map unit must be one of {", ".join(MAP_UNITS)}; got {unit!r}')
    pixels = MAP_UNITS[unit] * np.asarray(values, dtype=np.float64)
    return disc_to_sigma(pixels, 'coc15') if unit == 'coc15' else pixels


def shift_depth(depth: np.ndarray, focal: float) -> np.ndarray:
    """Move the whole scene (mm) back so that nothing is nearer than five focal lengths; unchanged if it is not."""
    lack = 5 * focal - float(depth.min())
    return depth + lack if lack > 0 else depth


def sample_focus(depths: np.ndarray, policy: str, rng: np.random.Generator) -> float:
    """In-focus distance S1 (mm).

    Args:
        depths: (n,) the distinct depths of the scene, ascending, mm.
        policy: ``uniform`` draws from [nearest, farthest] (the paper); ``max`` draws one of ``depths`` with weights of
            a half Gaussian that is highest at the nearest and whose deviation is half the number of values (the
            released generator: near focus is favoured).
        rng: source of randomness.
    """
    if policy == 'uniform':
        return float(rng.uniform(depths[0], depths[-1]))
    rank = np.arange(len(depths), dtype=np.float64)
    weight = np.exp(-0.5 * (rank / max(len(depths) / 2, 0.5)) ** 2)
    return float(rng.choice(depths, p=weight / weight.sum()))


def sample_focal(rng: np.random.Generator) -> float:
    """A focal length (mm) of :data:`FOCALS`, by their weights."""
    focals, weights = np.array(FOCALS).T
    return float(rng.choice(focals, p=weights / weights.sum()))


def sample_lens(
    depths: np.ndarray, width: int, c_max: float, policy: str, rng: np.random.Generator, focal: float | None = None
) -> Lens:
    """One random lens for a scene whose blur never exceeds ``c_max`` pixels.

    Args:
        depths: (n,) distinct depths, ascending, mm, the nearest at least five focal lengths away.
        width: of the image, pixels.
        c_max: bound on the disc diameter, pixels.
        policy: ``uniform``: alpha ~ U(0, bound), as the paper says; ``max``: alpha is the bound, as the authors'
            public generator does. The focus policy goes with it, see :func:`sample_focus`.
        rng: source of randomness.
        focal: focal length in mm; drawn by default.

    Raises:
        ValueError: unknown policy, or a scene nearer than its lens allows.
    """
    if policy not in ('uniform', 'max'):
        raise ValueError(f"alpha policy must be 'uniform' or 'max'; got {policy!r}")
    focal = sample_focal(rng) if focal is None else focal
    focus = sample_focus(depths, policy, rng)
    bound = alpha_bound(float(depths[0]), float(depths[-1]), focus, c_max)
    if not np.isfinite(bound):  # one depth, in focus: no aperture blurs it
        bound = 0.0
    alpha = bound if policy == 'max' else float(rng.uniform(0, bound))
    return Lens(focal, focus, alpha, f_number_of(focal, focus, alpha, width))
