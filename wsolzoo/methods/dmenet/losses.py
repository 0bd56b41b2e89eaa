"""Equations 2, 3, 6 and 7 of the source as plain functions. Bars are means over pixels and batch.

Equations 4 and 5 are those of any two players, see :mod:`wsolzoo.models.adversarial`.

Source: Lee et al., CVPR 2019; patent KR 10-2363049. The weights live in the config, see
:data:`wsolzoo.methods.dmenet.model.WEIGHTS`.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

ERRORS = ('squared', 'cross_entropy')
MAP_ERRORS = {'squared': F.mse_loss, 'absolute': F.l1_loss}


def map_error(pred: Tensor, target: Tensor, error: str = 'squared') -> Tensor:
    """Equation 2, first term, of maps (N, 1, h, w) in [0, 1].

    Args:
        pred, target: the maps.
        error: ``squared``: mean of ``(B(I) - y)^2``, the source; ``absolute``: mean of ``|B(I) - y|``, least at
            the median of what is possible instead of the mean [D].
    """
    return MAP_ERRORS[error](pred, target)


def shrink_map(target: Tensor, size: tuple[int, int]) -> Tensor:
    """Nearest sample of a map (N, 1, H, W) under aligned corners: source row ``round(j (H - 1) / (h - 1))``.

    This is TensorFlow's rule, which the authors use; ``F.interpolate(mode='nearest')`` takes other rows.
    """
    rows, cols = (
        torch.floor(torch.arange(n, dtype=torch.float64) * ((full - 1) / max(n - 1, 1)) + 0.5).long()
        for n, full in zip(size, target.shape[-2:])
    )
    return target[..., rows.to(target.device)[:, None], cols.to(target.device)]


def aux_error(preds: Sequence[Tensor], target: Tensor, error: str = 'squared') -> Tensor:
    """Equation 3: sum over levels of :func:`map_error` against the map shrunk to that level."""
    return torch.stack([map_error(pred, shrink_map(target, pred.shape[-2:]), error) for pred in preds]).sum()


def calibration_error(logits: Tensor, mask: Tensor, error: str = 'squared') -> Tensor:
    """Equation 6 for logits of S.

    Args:
        logits: (N, 1, h, w).
        mask: (N, 1, h, w), 1 blurred, 0 sharp, 255 ignored.
        error: ``squared``: mean of ``(sigmoid(S) - b)^2`` (the source); ``cross_entropy`` (the released code).
    """
    if error not in ERRORS:
        raise ValueError(f'error must be one of {", ".join(ERRORS)}; got {error!r}')
    known = mask != 255
    logits, mask = logits[known], mask[known]
    if error == 'squared':
        return F.mse_loss(logits.sigmoid(), mask)
    return F.binary_cross_entropy_with_logits(logits, mask)


def content_error(pred: Tensor, target: Tensor) -> Tensor:
    """Equation 7: mean of ``(phi(B(I)) - phi(y))^2`` over all elements of the features."""
    return F.mse_loss(pred, target)
