"""Fill a hole so that every filled pixel is the mean of its neighbours (the discrete Laplace equation)."""

import functools

import numpy as np


@functools.cache
def _relax():
    from numba import njit

    @njit(cache=True, fastmath=True)
    def relax(values, links, share, omega, tolerance, sweeps):  # pragma: no cover - compiled
        for sweep in range(sweeps):
            worst = 0.0
            for i in range(len(links)):
                up, down, left, right = links[i]
                for k in range(values.shape[1]):
                    total = values[up, k] + values[down, k] + values[left, k] + values[right, k]
                    step = omega * (total * share[i] - values[i, k])
                    values[i, k] += step
                    worst = max(worst, abs(step))
            if worst < tolerance:
                return sweep + 1
        return sweeps

    return relax


def neighbours_of(unknown: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Graph of the hole.

    Returns:
        ``(pixels, links)``: flat indices of the hole's pixels followed by those of the known pixels that touch it, and
        for each hole pixel the rows in ``pixels`` of its four neighbours, -1 where a neighbour is neither hole nor
        known (nothing flows across that side).
    """
    h, w = unknown.shape
    edge = np.pad(unknown, 1)
    touch = edge[:-2, 1:-1] | edge[2:, 1:-1] | edge[1:-1, :-2] | edge[1:-1, 2:]
    pixels = np.concatenate([np.flatnonzero(unknown), np.flatnonzero(touch & known & ~unknown)])
    row = np.full((h + 2, w + 2), -1, np.int32)
    inner = np.full(h * w, -1, np.int32)
    inner[pixels] = np.arange(len(pixels), dtype=np.int32)
    row[1:-1, 1:-1] = inner.reshape(h, w)
    y, x = np.divmod(np.flatnonzero(unknown), w)
    links = np.stack([row[y, x + 1], row[y + 2, x + 1], row[y + 1, x], row[y + 1, x + 2]], axis=1)
    return pixels, links


def fill_harmonic(planes: np.ndarray, unknown: np.ndarray, known: np.ndarray, tolerance: float = 0.05) -> np.ndarray:
    """Solve the Laplace equation in the hole with the known pixels as boundary values; other pixels do not take part.

    Args:
        planes: (H, W, C) float32; values at ``unknown`` are the first guess and are overwritten in place.
        unknown: (H, W) bool, the hole.
        known: (H, W) bool.
        tolerance: stop when no value moves by more, in units of ``planes``.

    Returns:
        ``planes``.
    """
    pixels, links = neighbours_of(unknown, known)
    flat = planes.reshape(-1, planes.shape[-1])
    values = np.zeros((len(pixels) + 1, flat.shape[1]), np.float32)  # the last row stands for absent neighbours
    values[:-1] = flat[pixels]
    count = np.count_nonzero(links >= 0, axis=1)
    joined = count > 0
    share = (1 / np.maximum(count, 1)).astype(np.float32)
    links = np.where(joined[:, None], np.where(links >= 0, links, len(pixels)), np.arange(len(links))[:, None])
    share[~joined] = 0.25  # a pixel without neighbours keeps its value: it is its own mean
    _relax()(values, links.astype(np.int32), share, np.float32(1.8), np.float32(tolerance), 400)
    flat[pixels[: len(links)]] = values[: len(links)]
    return planes
