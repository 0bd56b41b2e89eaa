"""What a map is, and when it points nowhere."""

import numpy as np

LIMIT = 1e300
"""Values of maps lie between -LIMIT and LIMIT; float64 ends at 1.8e308, which leaves nothing to compute with."""


def check_map(map: np.ndarray) -> np.ndarray:
    """The map as float64.

    Raises:
        ValueError: it is not 2-D, is empty, or is not made of real numbers.
    """
    array = np.asarray(map)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f'a map is a non-empty 2-D array; got shape {array.shape}')
    if array.dtype.kind not in 'buif':
        raise ValueError(f'a map is made of real numbers; got dtype {array.dtype}')
    return array.astype(np.float64)


def is_degenerate(map: np.ndarray) -> bool:
    """Whether a map points nowhere: it is constant, holds NaN or infinity, or overflows when it is resized."""
    return not -LIMIT < float(map.min()) < float(map.max()) < LIMIT
