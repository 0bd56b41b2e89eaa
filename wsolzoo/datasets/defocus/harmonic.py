"""Fill a hole so that every filled pixel is the mean of its neighbours (the discrete Laplace equation)."""

import functools

import numpy as np


@functools.cache
def _relax():
    from numba import njit

    @njit(cache=True, fastmath=False)
    def relax(values, neighbours, count, omega, tolerance, sweeps):  # pragma: no cover - compiled
        channels = values.shape[1]
        for sweep in range(sweeps):
            worst = 0.0
            for i in range(count):
                n = 0
                for k in range(4):
                    if neighbours[i, k] >= 0:
                        n += 1
                if n == 0:
                    continue
                for channel in range(channels):
                    total = 0.0
                    for k in range(4):
                        j = neighbours[i, k]
                        if j >= 0:
                            total += values[j, channel]
                    step = omega * (total / n - values[i, channel])
                    values[i, channel] += step
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
    values = flat[pixels].astype(np.float64)
    count = int(unknown.sum())
    _relax()(values, links, count, 1.8, tolerance, 400)
    flat[pixels[:count]] = values[:count]
    return planes
