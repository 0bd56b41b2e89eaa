"""Resizing of pictures and masks: antialiased as PIL does it, and nearest neighbour as OpenCV does."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F

Size = int | Sequence[int]


def as_size(size: Size) -> tuple[int, int]:
    """``(height, width)`` of a size given as one number or two."""
    height, width = (size, size) if isinstance(size, int) else size
    if height < 1 or width < 1:
        raise ValueError(f'a size is one positive number or (height, width); got {size!r}')
    return int(height), int(width)


def antialias_resize(img: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bilinear resize with antialiasing, on uint8 within one grey level of ``PIL.Image.resize(..., BILINEAR)``.

    Torch's uint8 kernel rounds after each axis with weights of 16 bits; that stays within one level where an image
    shrinks, not where it grows. What grows along both axes needs no antialiasing and goes to OpenCV; what grows along
    one goes through float32.

    Args:
        img: (H, W) or (H, W, C), uint8 or float32.
        size: height and width of the result.

    Returns:
        ndarray: (h, w) or (h, w, C) of the same type; ``img`` itself where the size is right already.
    """
    if img.shape[:2] == tuple(size):
        return img
    if size[0] >= img.shape[0] and size[1] >= img.shape[1]:
        return cv2.resize(np.ascontiguousarray(img), tuple(size)[::-1], interpolation=cv2.INTER_LINEAR)
    tensor = torch.from_numpy(np.require(img, requirements=['C', 'W']))
    # This order gives batch strides that torch takes for channels-last: a third faster than permuting first.
    tensor = tensor[None, None] if img.ndim == 2 else tensor[None].permute(0, 3, 1, 2)
    exact = img.dtype == np.uint8 and (size[0] > img.shape[0] or size[1] > img.shape[1])
    tensor = tensor.float() if exact else tensor
    out = F.interpolate(tensor, size=tuple(size), mode='bilinear', antialias=True, align_corners=False)[0]
    out = out.round_().to(torch.uint8) if exact else out
    return out[0].numpy() if img.ndim == 2 else out.permute(1, 2, 0).numpy()


def nearest_resize(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Nearest-neighbour resize of a label mask (OpenCV's rule, pixel ``floor(i * H / h)``), (H, W) -> (h, w)."""
    if mask.shape == tuple(size):
        return mask
    rows = np.minimum((np.arange(size[0]) * (mask.shape[0] / size[0])).astype(np.int64), mask.shape[0] - 1)
    cols = np.minimum((np.arange(size[1]) * (mask.shape[1] / size[1])).astype(np.int64), mask.shape[1] - 1)
    return mask[rows[:, None], cols]
