"""The Fréchet distance between two sets of feature vectors, each taken for a Gaussian."""

import numpy as np


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """``|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))`` of the means m and the covariances S of two sets.

    With InceptionV3's features it is the FID of Heusel et al. (NeurIPS 2017); numbers in the features of different
    networks, or of different numbers of pictures, do not compare.

    Args:
        first: (N, C) vectors, N at least 2.
        second: (M, C) vectors, M at least 2.

    Returns:
        A number from 0 on, in squared units of the features.

    Raises:
        ValueError: other shapes, too few vectors, or values that are not finite.

    Example:
        >>> import numpy as np
        >>> one = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
        >>> round(frechet_distance(one, one + (3.0, 4.0)), 6)
        25.0
        >>> round(frechet_distance(one, 2 * one - 1), 6)
        2.666667
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    for one in (first, second):
        if one.ndim != 2 or len(one) < 2 or one.shape[1] != first.shape[1]:
            raise ValueError(f'two sets (N, C) of two vectors or more are compared; got {first.shape}, {second.shape}')
        if not np.isfinite(one).all():
            raise ValueError('the vectors have values that are not finite')
    shift = first.mean(0) - second.mean(0)
    s1, s2 = (np.atleast_2d(np.cov(one.T)) for one in (first, second))
    values, vectors = np.linalg.eigh(s1)
    root = vectors * np.sqrt(values.clip(min=0)) @ vectors.T
    # tr (S1 S2)^(1/2) is the sum of the roots of the eigenvalues, which the symmetric S1^(1/2) S2 S1^(1/2) shares
    shared = np.sqrt(np.linalg.eigvalsh(root @ s2 @ root).clip(min=0)).sum()
    return float(max(0.0, shift @ shift + np.trace(s1) + np.trace(s2) - 2 * shared))
