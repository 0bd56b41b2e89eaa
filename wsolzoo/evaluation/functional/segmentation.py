"""Segmentation measures, all from one confusion matrix, which adds up over images and processes.

Absent classes are NaN, never 0 or 1: a class without a pixel in truth and prediction has no IoU and no Dice; a class
without a pixel in the truth has no accuracy. Means run over the classes that have a number, so a class that is only
predicted counts as IoU 0 in mIoU and is left out of mPA.
"""

import numpy as np


def confusion_matrix(pred: np.ndarray, gt: np.ndarray, num_classes: int, ignore_index: int | None = 255) -> np.ndarray:
    """Count pixels by true and predicted class.

    Args:
        pred: integer or bool labels, any shape, in ``0 .. num_classes - 1`` wherever the truth is not ignored.
        gt: the same shape, in ``0 .. num_classes - 1`` or ``ignore_index``.
        num_classes: number of classes, K.
        ignore_index: truth value whose pixels do not count, or ``None``.

    Returns:
        (K, K) int64, rows true class, columns predicted class.

    Raises:
        ValueError: shapes differ, a label is not an integer, or a label is out of range.

    Example:
        >>> confusion_matrix([0, 1, 1, 1], [0, 0, 1, 255], num_classes=2)
        array([[1, 1],
               [0, 1]])
    """
    pred, gt = np.asarray(pred), np.asarray(gt)
    if pred.shape != gt.shape:
        raise ValueError(f'prediction is {pred.shape} but ground truth is {gt.shape}')
    for name, labels in (('prediction', pred), ('ground truth', gt)):
        if labels.dtype != bool and not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(f'{name} must hold integer class labels, got {labels.dtype}')
    pred, gt = pred.ravel(), gt.ravel()
    if ignore_index is not None:
        keep = gt != ignore_index
        pred, gt = pred[keep], gt[keep]
    for name, labels in (('prediction', pred), ('ground truth', gt)):
        if labels.size and (labels.min() < 0 or labels.max() >= num_classes):
            wrong = np.unique(labels[(labels < 0) | (labels >= num_classes)])[:5].tolist()
            raise ValueError(
                f'{name} holds labels {wrong}; expected 0 .. {num_classes - 1}'
                + ('' if ignore_index is None else f' (only ground truth may hold {ignore_index})')
            )
    codes = gt.astype(np.intp) * num_classes + pred.astype(np.intp)
    return np.bincount(codes, minlength=num_classes**2).reshape(num_classes, num_classes).astype(np.int64)


def labels_from_scores(scores: np.ndarray) -> np.ndarray:
    """Return the arg-max over the channel dimension of (..., K, h, w) as int64 (..., h, w); ties give the lowest index.

    Resize the scores to the image, bilinearly, before this step, not the labels after it.

    Example:
        >>> labels_from_scores(np.array([[[0.1, 0.9]], [[0.8, 0.2]]]))
        array([[1, 0]])
    """
    return np.argmax(scores, axis=-3).astype(np.int64)


def class_scores(matrix: np.ndarray) -> dict[str, np.ndarray]:
    """Return per-class fractions, each (K,) float64 in [0, 1] or NaN for a class that is absent.

    With M the confusion matrix: ``IoU`` = M_cc / (row + column - M_cc), ``Acc`` = M_cc / row (recall),
    ``Dice`` = 2 M_cc / (row + column) = 2 IoU / (1 + IoU), which is F1.

    Raises:
        ValueError: the matrix is not square.

    Example:
        >>> class_scores(np.array([[3, 1], [0, 2]]))['IoU'].round(3)
        array([0.75 , 0.667])
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f'a confusion matrix is (K, K), got {matrix.shape}')
    hits, row, column = np.diag(matrix), matrix.sum(1), matrix.sum(0)
    return {
        'IoU': _divide(hits, row + column - hits),
        'Acc': _divide(hits, row),
        'Dice': _divide(2 * hits, row + column),
    }


def summary(matrix: np.ndarray) -> dict[str, float]:
    """Return ``mIoU``, ``mPA``, ``mDice`` (means over classes that have a value), ``PA`` and ``FWIoU``, as fractions.

    ``PA`` = trace / sum; ``FWIoU`` = IoU weighted by each class's share of the truth. NaN where nothing was counted.

    Example:
        >>> {name: round(value, 3) for name, value in summary(np.array([[3, 1], [0, 2]])).items()}
        {'mIoU': 0.708, 'PA': 0.833, 'mPA': 0.875, 'mDice': 0.829, 'FWIoU': 0.722}
    """
    scores = class_scores(matrix)
    matrix = np.asarray(matrix, dtype=np.float64)
    total = matrix.sum()
    share = matrix.sum(1) / total if total else np.zeros(len(matrix))
    return {
        'mIoU': mean_over_present(scores['IoU']),
        'PA': float(np.trace(matrix) / total) if total else float('nan'),
        'mPA': mean_over_present(scores['Acc']),
        'mDice': mean_over_present(scores['Dice']),
        'FWIoU': float(share @ np.nan_to_num(scores['IoU'])) if total else float('nan'),
    }


def mean_over_present(values: np.ndarray) -> float:
    """Return the mean of the entries that are not NaN; NaN, without a warning, if there is none.

    Example:
        >>> mean_over_present(np.array([0.5, np.nan, 1.0]))
        0.75
    """
    present = values[~np.isnan(values)]
    return float(present.mean()) if present.size else float('nan')


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator > 0)
