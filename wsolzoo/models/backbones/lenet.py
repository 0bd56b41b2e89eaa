"""The convolutions of LeNet-5."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wsolzoo.models.backbones.staged import StagedBackbone
from wsolzoo.registry import MODELS

TABLE = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
)  # fmt: skip
"""Which of the six maps of S2 each of the sixteen maps of C3 sees (LeCun et al., 1998, table I): 60 links."""


class ScaledTanh(nn.Module):
    """``1.7159 tanh(2x / 3)``: 1 at 1 and -1 at -1 (LeCun et al., 1998, appendix A)."""

    def forward(self, x: Tensor) -> Tensor:
        """The shape stays."""
        return 1.7159 * torch.tanh(x * (2 / 3))


ACTIVATIONS: dict[str, type[nn.Module]] = {'scaled_tanh': ScaledTanh, 'tanh': nn.Tanh, 'relu': nn.ReLU}


class TableConv2d(nn.Module):
    """A convolution whose output maps see only the input maps that a table lists.

    A link that is not in the table has no weight at all: there is none to count, to decay or to bring back to life.

    Args:
        table: for each output map, the input maps that it sees.
        kernel: side of the kernels.
    """

    def __init__(self, table: Sequence[Sequence[int]], kernel: int) -> None:
        super().__init__()
        links = [(out, into) for out, inputs in enumerate(table) for into in inputs]
        self.shape = (len(table), 1 + max(into for _, into in links))
        self.weight = nn.Parameter(torch.empty(len(links), kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(len(table)))
        self.register_buffer('links', torch.tensor(links).T.contiguous(), persistent=False)
        fan_in = torch.tensor([len(inputs) * kernel**2 for inputs in table])
        with torch.no_grad():  # by the links that there are
            self.weight.normal_().mul_(fan_in[self.links[0]].rsqrt()[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) → (N, C', h - kernel + 1, w - kernel + 1)."""
        outputs, inputs = self.links
        dense = self.weight.new_zeros(*self.shape, *self.weight.shape[1:]).index_put((outputs, inputs), self.weight)
        return F.conv2d(x, dense, self.bias)


class Subsampling(nn.Module):
    """The mean of 2x2, times a coefficient, plus a bias, one of each a map: two numbers to learn.

    The source adds the four inputs where this takes their mean: the same function, its coefficient four times ours.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) → (N, C, h // 2, w // 2)."""
        return F.avg_pool2d(x, 2) * self.weight[:, None, None] + self.bias[:, None, None]


class Grey(nn.Module):
    """The mean of the channels, so that a net for grey pictures also takes photographs."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) → (N, 1, h, w)."""
        return x.mean(1, keepdim=True)


@MODELS.register_module()
class LeNet5(StagedBackbone):
    """LeNet-5 up to S4.

    LeCun, Bottou, Bengio, Haffner, *Gradient-Based Learning Applied to Document Recognition*, Proc. IEEE, 1998.

    Stages ``c1`` (5x5, 6 maps), ``s2``, ``c3`` (5x5, 16 maps, connected by :data:`TABLE`), ``s4``; 32 pixels give 28,
    14, 10 and 5. Its three last layers are :class:`~wsolzoo.methods.lenet.SlidingHead`. Pictures in colour are averaged
    to grey ([D]: the source has grey ones only).

    Args:
        partial: connect C3 by the table; else every map to every map.
        pool: ``'avg'`` (activation, then the mean of 2x2), or ``'trainable'`` as published (mean, coefficient, bias,
            then the activation).
        act: ``'scaled_tanh'`` as published, ``'tanh'`` or ``'relu'``.
        out_stages: the stages to return, the last one by default.
        init_cfg: pretrained weights; defaults to N(0, 1 / fan-in), by the links that there are.

    Raises:
        ValueError: an unknown ``pool`` or ``act``.
    """

    def __init__(
        self,
        partial: bool = True,
        pool: str = 'avg',
        act: str = 'scaled_tanh',
        out_stages: Sequence[str] | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if pool not in ('avg', 'trainable') or act not in ACTIVATIONS:
            raise ValueError(
                f"LeNet5 has pool 'avg' or 'trainable' and act {', '.join(ACTIVATIONS)}; got {pool}, {act}"
            )
        self.grey = Grey()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.c3 = TableConv2d(TABLE, 5) if partial else nn.Conv2d(6, 16, 5)
        for conv in (self.c1, self.c3):
            if isinstance(conv, nn.Conv2d):
                init_by_fan_in(conv)
        self.squash = ACTIVATIONS[act]()
        self.s2 = Subsampling(6) if pool == 'trainable' else nn.AvgPool2d(2)
        self.s4 = Subsampling(16) if pool == 'trainable' else nn.AvgPool2d(2)
        after = ('squash',) if pool == 'trainable' else ()
        self.cut(
            {'c1': ('grey', 'c1', 'squash'), 's2': ('s2', *after), 'c3': ('c3', 'squash'), 's4': ('s4', *after)},
            out_stages,
        )


def init_by_fan_in(conv: nn.Conv2d) -> None:
    """Weights N(0, 1 / fan-in) and no bias, for a sigmoidal unit."""
    nn.init.normal_(conv.weight, std=conv.weight[0].numel() ** -0.5)
    nn.init.zeros_(conv.bias)
