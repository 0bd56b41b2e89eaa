"""HaS: Singh, Lee. Hide-and-Seek: Forcing a Network to be Meticulous for WSOL. ICCV 2017.

A network that may see one telling part looks at nothing else. So each training image is cut into square cells, and some
are hidden at random: what is left of the object has to do. Test images are whole.

The form is that of Choe et al. (CVPR 2020): cells are given by their side in pixels. There the defaults are cells of 4
pixels, which hide nothing that matters; ours are those of HaS-32 in the original paper.
"""

import torch
from torch import Tensor

from wsolzoo.registry import MODELS


def hidden_cells(count: int, size: tuple[int, int], grid_size: int, drop_rate: float, device: torch.device) -> Tensor:
    """Which pixels of ``count`` images are hidden, drawn cell by cell.

    Args:
        count: N.
        size: height and width of the images; the last row and column of cells are cut at the border.
        grid_size: side of a cell in pixels.
        drop_rate: probability of hiding a cell; 0 hides nothing, 1 everything.
        device: of the result, and of the generator that draws.

    Returns:
        (N, 1, H, W) bool.
    """
    height, width = size
    cells = torch.rand(count, 1, -(-height // grid_size), -(-width // grid_size), device=device) < drop_rate
    return cells.repeat_interleave(grid_size, 2)[:, :, :height].repeat_interleave(grid_size, 3)[..., :width]


@MODELS.register_module()
class HaS:
    """Hides cells of the images, drawn for each image; a batch augmentation.

    It works on normalised images, so that 0 is the mean colour of the data set: the first layer sees the same mean in
    training as in the test, where nothing is hidden. Labels stay as they are.

    Args:
        grid_size: side of a cell in pixels (not the number of cells).
        drop_rate: probability of hiding a cell.

    Raises:
        ValueError: a cell of less than a pixel, or no probability.
    """

    def __init__(self, grid_size: int = 32, drop_rate: float = 0.5) -> None:
        if grid_size < 1:
            raise ValueError(f'grid_size is the side of a cell in pixels, at least 1; got {grid_size}')
        if not 0 <= drop_rate <= 1:
            raise ValueError(f'drop_rate is the probability of hiding a cell, in [0, 1]; got {drop_rate}')
        self.grid_size, self.drop_rate = grid_size, drop_rate

    def __call__(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N, C, H, W) with hidden cells, and the same labels."""
        height, width = inputs.shape[2:]
        hidden = hidden_cells(len(inputs), (height, width), self.grid_size, self.drop_rate, inputs.device)
        return inputs.masked_fill(hidden, 0), labels
