"""Tileable noise, made once per process and cut by every scene at its own random place."""

from functools import cache

import cv2
import numpy as np

SIDE = 256


@cache
def noise_tile(power: float) -> np.ndarray:
    """(256, 256) float32 noise of mean 0 and deviation 1 whose amplitude falls with frequency to the ``power``."""
    rng = np.random.default_rng(20211)
    spectrum = np.fft.rfft2(rng.standard_normal((SIDE, SIDE)))
    frequency = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None])
    frequency[0, 0] = 1.0
    spectrum *= frequency**-power
    spectrum[0, 0] = 0.0
    tile = np.fft.irfft2(spectrum, (SIDE, SIDE))
    return (tile / tile.std()).astype(np.float32)


def noise_patch(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int], power: float) -> np.ndarray:
    """A random cut of ``cells`` (rows, columns) of the tile, stretched to ``shape`` (rows, columns); float32."""
    tile = noise_tile(power)
    rows, cols = min(cells[0], SIDE), min(cells[1], SIDE)
    y, x = rng.integers(0, SIDE - rows + 1), rng.integers(0, SIDE - cols + 1)
    return cv2.resize(tile[y : y + rows, x : x + cols], shape[::-1], interpolation=cv2.INTER_CUBIC)


def ground_noise(rng: np.random.Generator, depth: np.ndarray, width: int, power: float = 0.8) -> np.ndarray:
    """Noise lying on the ground: (len(depth), width) float32, finer and flatter the farther the row.

    Args:
        rng: where on the tile.
        depth: (h,) metres of each row.
        width: columns.
        power: see :func:`noise_tile`.
    """
    across = (np.arange(width, dtype=np.float32) - width / 2) * (96 / width)
    depth = depth.astype(np.float32)
    map_x = across[None] * (depth[:, None] / 2) + np.float32(rng.uniform(0, SIDE))
    map_y = np.repeat((depth[:, None] * 22 + np.float32(rng.uniform(0, SIDE))) % SIDE, width, 1)
    noise = cv2.remap(
        noise_tile(power),
        map_x,
        map_y,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    return noise * np.minimum(1, 6 / depth[:, None])
