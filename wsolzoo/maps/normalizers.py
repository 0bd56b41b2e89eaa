"""Normalisers: a raw map in, a map in [0, 1] out. Any number of further ones may be registered by name."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from wsolzoo.errors import UserError, meant, nearest
from wsolzoo.maps.validity import check_map, is_degenerate

Normalizer = TypeVar('Normalizer', bound=Callable[..., np.ndarray])
PROBE = np.linspace(-1, 3, 64).reshape(8, 8)
"""The map on which names and arguments are tried before there is a real one."""
NORMALIZERS: dict[str, Callable[..., np.ndarray]] = {}
"""Map normalisers by the name that configs, protocols and tools use; :func:`register_normalizer` adds one."""


class NormalizerError(UserError, ValueError):
    """There is no such map normaliser, or it does not take what it is given."""


def register_normalizer(name: str) -> Callable[[Normalizer], Normalizer]:
    """Make a normaliser known: write ``@register_normalizer('mine')`` above ``def mine(map, gamma=2.0)``.

    The function takes a raw map (h, w) of any real values and its settings by keyword, and returns (h, w) float64 in
    [0, 1]; all zeros for a map that points nowhere. A method or a plugin registers its own where it is imported.

    Raises:
        NormalizerError: another function has that name.
    """

    def register(function: Normalizer) -> Normalizer:
        known = NORMALIZERS.setdefault(name, function)
        if (known.__module__, known.__qualname__) != (function.__module__, function.__qualname__):
            raise NormalizerError(
                f'a map normaliser {name!r} is registered already by {known.__module__}; choose another name'
            )
        return function

    return register


def normalizer_of(spec: str | Mapping[str, Any], load: Callable[[], object] | None = None) -> tuple[str, dict]:
    """Name and arguments of a normaliser as a config gives it: ``'ivr'`` or ``dict(type='ivr', percentile=0.3)``.

    Whatever a person can have wrong is refused here, before there is a map.

    Args:
        spec: the name, or a dict of ``type`` and arguments.
        load: called before an unknown name is refused; imports what may register further ones, such as plugins.

    Raises:
        NormalizerError: there is no such normaliser, or it does not take an argument, a value, or keep its promise.

    Example:
        >>> normalizer_of({'type': 'ivr', 'percentile': 0.3})
        ('ivr', {'percentile': 0.3})
    """
    name, arguments = _named(spec)
    if name not in NORMALIZERS and load is not None:
        load()
    function, settings = _known(name), settings_of(name)
    for key in arguments:
        if key not in settings:
            raise NormalizerError(f'the map normaliser {name!r} takes no {key!r}; {meant(key, settings)}')
    try:
        probed = function(PROBE, **arguments)
    except (TypeError, ValueError) as error:
        raise NormalizerError(f'the map normaliser {name!r}: {error}') from error
    if np.shape(probed) != PROBE.shape or not (np.min(probed) >= 0 and np.max(probed) <= 1):
        raise NormalizerError(f'the map normaliser {name!r} must return a map of the same size with values in [0, 1]')
    return name, arguments


def settings_of(name: str) -> list[str]:
    """The arguments that a normaliser takes besides the map.

    Raises:
        NormalizerError: there is no such normaliser.

    Example:
        >>> settings_of('ivr')
        ['percentile']
    """
    return list(inspect.signature(_known(name)).parameters)[1:]


def normalize(map: np.ndarray, normalizer: str | Mapping[str, Any], **arguments: Any) -> np.ndarray:
    """The map through a normaliser of :data:`NORMALIZERS`, by name, or a dict of ``type`` and arguments.

    Raises:
        NormalizerError: no normaliser has that name; close names are listed.

    Example:
        >>> normalize(np.array([[0.0, 1.0, 2.0]]), 'percentile_max', p=0.5)
        array([[0., 1., 1.]])
    """
    name, own = _named(normalizer)
    return _known(name)(map, **own, **arguments)


def _named(spec: str | Mapping[str, Any]) -> tuple[str, dict]:
    if isinstance(spec, str):
        return spec, {}
    arguments = dict(spec)
    if not isinstance(arguments.get('type'), str):
        raise NormalizerError(f"a map normaliser is a name or a dict with its name as 'type'; got {arguments}")
    return arguments.pop('type'), arguments


def _known(name: str) -> Callable[..., np.ndarray]:
    if name not in NORMALIZERS:
        near = nearest(name, NORMALIZERS, cutoff=0.6)
        hint = f'did you mean {near!r}?' if near else f'there are {", ".join(sorted(NORMALIZERS))}'
        raise NormalizerError(f'there is no map normaliser {name!r}; {hint}')
    return NORMALIZERS[name]


def _guarded(normalise: Callable[..., np.ndarray], map: np.ndarray) -> np.ndarray:
    array = check_map(map)
    return np.zeros_like(array) if is_degenerate(array) else normalise(array)


def _ratio(array: np.ndarray, divisor: float) -> np.ndarray:
    """``array / divisor`` clipped to [0, 1]; the limit from above (1 wherever positive) for a divisor <= 0."""
    if divisor <= 0:
        return (array > 0).astype(np.float64)
    return np.clip(array / divisor, 0, 1)


@register_normalizer('minmax')
def minmax(map: np.ndarray, eps: float = 0.0) -> np.ndarray:
    """``(A - min A) / (max A - min A + eps)`` (Choe et al., CVPR 2020; ``eps=1e-5`` is BAS-Extension, IJCV 2023).

    Args:
        map: (h, w) raw map.
        eps: added to the divisor.

    Returns:
        ndarray: (h, w) float64 in [0, 1]; all zeros for a constant map or one with NaN or infinity, as everywhere here.

    Raises:
        ValueError: not a 2-D array of real numbers.

    Example:
        >>> minmax(np.array([[1.0, 2.0, 5.0]]))
        array([[0.  , 0.25, 1.  ]])
    """
    return _guarded(lambda a: (a - a.min()) / (a.max() - a.min() + eps), map)


@register_normalizer('max')
def max_norm(map: np.ndarray) -> np.ndarray:
    """``ReLU(A) / max A``; all zeros where nothing is positive (Kim et al., ICCV 2021, "max").

    Returns:
        ndarray: (h, w) float64 in [0, 1], of a raw map (h, w).

    Example:
        >>> max_norm(np.array([[-1.0, 2.0, 5.0]]))
        array([[0. , 0.4, 1. ]])
    """
    return _guarded(lambda a: _ratio(a, a.max()) if a.max() > 0 else np.zeros_like(a), map)


@register_normalizer('pas')
def pas(map: np.ndarray, percentile: float = 0.9) -> np.ndarray:
    """``min(1, B / s_B[floor(percentile * n)])``, ``B = A - min A``, ``s_B`` sorted upwards (Kim et al., ICCV 2021).

    This is PaS as a *normaliser with a swept threshold*; the fixed threshold of Bae et al. (ECCV 2020) is the protocol
    ``pas2020``. Where the divisor is 0 (most of the map equals its minimum) everything above the minimum becomes 1.

    Args:
        map: (h, w) raw map.
        percentile: fraction in [0, 1), an index into the sorted values, not interpolated.

    Returns:
        ndarray: (h, w) float64 in [0, 1].

    Example:
        >>> pas(np.array([[0.0, 1.0, 2.0, 8.0]]), percentile=0.5)
        array([[0. , 0.5, 1. , 1. ]])
    """
    _check_fraction(percentile)
    return _guarded(lambda a: _ratio(a - a.min(), _nth(a - a.min(), percentile)), map)


@register_normalizer('ivr')
def ivr(map: np.ndarray, percentile: float = 0.45) -> np.ndarray:
    """``B / max B``, ``B = ReLU(A - s[floor(percentile * n)])``, ``s`` sorted upwards (IVR: Kim et al., ICCV 2021).

    Args:
        map: (h, w) raw map.
        percentile: fraction in [0, 1), an index into the sorted values, not interpolated.

    Returns:
        ndarray: (h, w) float64 in [0, 1]; all zeros where nothing lies above the percentile.

    Example:
        >>> ivr(np.array([[0.0, 1.0, 2.0, 5.0]]), percentile=0.25)
        array([[0.  , 0.  , 0.25, 1.  ]])
    """
    _check_fraction(percentile)

    def normalise(a: np.ndarray) -> np.ndarray:
        above = np.maximum(a - _nth(a, percentile), 0)
        return above / above.max() if above.max() > 0 else np.zeros_like(a)

    return _guarded(normalise, map)


@register_normalizer('percentile')
def percentile(map: np.ndarray, q: float = 90.0) -> np.ndarray:
    """``min(1, ReLU(A) / percentile_q(A))``: no minimum is subtracted (JBE 28(4):391-399, 2023, eq. 9-10, reading A).

    The paper's divisor is "the value of the … percent"; this reading takes the percentile of the map itself
    (numpy's linear interpolation) and is the default, see :func:`percentile_max` for the other one. A percentile that
    is not positive makes everything above 0 become 1.

    Args:
        map: (h, w) raw map, in the paper the output of a sigmoid.
        q: percentile in (0, 100].

    Returns:
        ndarray: (h, w) float64 in [0, 1].

    Example:
        >>> percentile(np.array([[0.0, 0.2, 0.4, 0.9]]), q=50).round(2)
        array([[0.  , 0.67, 1.  , 1.  ]])
    """
    if not 0 < q <= 100:
        raise ValueError(f'q is a percentile in (0, 100]; got {q!r}')
    return _guarded(lambda a: _ratio(a, float(np.percentile(a, q))), map)


@register_normalizer('percentile_max')
def percentile_max(map: np.ndarray, p: float = 0.9) -> np.ndarray:
    """``min(1, ReLU(A) / (p * max A))`` (JBE 28(4):391-399, 2023, eq. 9-10, reading B).

    With one fixed ``p`` this is :func:`max_norm` with the threshold rescaled, so that a threshold sweep cannot tell
    them apart below ``t = p``.

    Args:
        map: (h, w) raw map.
        p: fraction of the maximum that becomes 1, in (0, 1].

    Returns:
        ndarray: (h, w) float64 in [0, 1]; all zeros where nothing is positive.

    Example:
        >>> percentile_max(np.array([[0.0, 1.0, 2.0]]), p=0.5)
        array([[0., 1., 1.]])
    """
    if not 0 < p <= 1:
        raise ValueError(f'p is a fraction in (0, 1]; got {p!r}')
    return _guarded(lambda a: _ratio(a, p * a.max()) if a.max() > 0 else np.zeros_like(a), map)


@register_normalizer('clip')
def clip(map: np.ndarray) -> np.ndarray:
    """The map itself, clipped to [0, 1]: for outputs that are probabilities already. Constant maps are kept.

    Returns:
        ndarray: (h, w) float64 in [0, 1], of a raw map (h, w); all zeros with NaN or infinity.

    Example:
        >>> clip(np.array([[-0.5, 0.5, 1.5]]))
        array([[0. , 0.5, 1. ]])
    """
    array = check_map(map)
    return np.clip(array, 0, 1) if np.isfinite(array).all() else np.zeros_like(array)


def _nth(array: np.ndarray, fraction: float) -> float:
    index = int(fraction * array.size)
    return float(np.partition(array, index, axis=None)[index])


def _check_fraction(value: float) -> None:
    if not 0 <= value < 1:
        raise ValueError(f'percentile is a fraction in [0, 1) here; got {value!r}')
