"""Transformers in stages: patch tokens go on as a map, everything else beside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from wsolzoo.models.backbones.staged import StagedBackbone
from wsolzoo.models.outputs import Carried
from wsolzoo.models.scaling import wide

READINGS = ('attn', 'matrices', 'keys', 'cls')
"""Stages that change nothing: what the blocks before them saw, as maps."""


class Tokens(NamedTuple):
    """What goes from block to block beside the patches.

    Attributes:
        prefix: (N, P, D) class token, token of distillation, registers, in this order; P may be 0.
        rows: attention (N, 1, h, w) of the class token to the patches, of each block looked at so far.
        matrices: attention (N, 1, T, T) between all tokens, of each block looked at so far.
        keys: (N, D, h, w) of the last block looked at.
    """

    prefix: Tensor
    rows: tuple[Tensor, ...] = ()
    matrices: tuple[Tensor, ...] = ()
    keys: Tensor | None = None

    def take(self, images: Tensor) -> 'Tokens':
        """Those of the images (M,) of the batch, each as often as it is named."""
        rows, matrices = (tuple(x[images] for x in many) for many in (self.rows, self.matrices))
        return Tokens(self.prefix[images], rows, matrices, None if self.keys is None else self.keys[images])


class TokenBackbone(StagedBackbone):
    """Base of the transformers whose blocks all keep one grid of patches.

    Stages are ``embed`` (whatever stands before it may be convolutional), ``blocks.0``, ``blocks.1``, …, the readings,
    and ``norm``, the normalisation at the end. Each hands the patch tokens on as a map (N, D, h, w), so that every
    head, neck and loss made for a convolutional network works on them. Class token and registers go beside
    (:class:`Tokens`); a pass resumed by :meth:`~wsolzoo.models.trunk.TrunkPass.resume` takes those of the first pass.

    A reading is asked for by its name in ``out_stages``, and costs nothing where it is not; attention is fused in
    all blocks either way. They stand before ``norm``, so that the patches remain the last feature:

    * ``attn`` (N, L, h, w): what the class token attends to in each of the L blocks looked at, the mean over heads;
      one row of the matrix is computed, O(T) a head for T tokens.
    * ``matrices`` (N, L, T, T): all of the attention, the mean over heads. 1.9 MB an image for 12 blocks of 197 tokens,
      50 MB for those of 1025.
    * ``keys`` (N, D, h, w): of the last block, heads side by side.
    * ``cls`` (N, D, 1, 1): the class token after the last block, not normalised.

    A subclass calls :meth:`set_blocks` before :meth:`cut` and writes :meth:`embed`. A block has ``attn.qkv``, a linear
    layer to queries, keys and values of ``attn.num_heads`` heads.

    Attributes:
        num_prefix: P.
        dim: D.
        class_token: whether the first of the prefix is a class token.
        looked_at: the blocks whose attention is read.
    """

    num_prefix: int
    dim: int
    class_token = True
    looked_at: tuple[int, ...]

    def set_blocks(
        self, path: str, count: int, norm: str, prefix: int, dim: int, looked_at: Sequence[int] | None
    ) -> dict[str, tuple[str, ...]]:
        """The stages from the first block on, for :meth:`cut`.

        Args:
            path: of the list of blocks.
            count: how many there are.
            norm: path of the last normalisation.
            prefix: P.
            dim: D.
            looked_at: blocks whose attention is read, negative ones from the end; ``None`` for all.

        Raises:
            ValueError: there is no such block.
        """
        asked = range(count) if looked_at is None else looked_at
        if not all(-count <= index < count for index in asked):
            raise ValueError(f'looked_at names blocks 0..{count - 1} or -{count}..-1; got {tuple(asked)}')
        self.looked_at = tuple(sorted({index % count for index in asked}))
        self.num_prefix, self.dim = prefix, dim
        blocks = {f'blocks.{index}': (f'{path}.{index}',) for index in range(count)}
        return {**blocks, **dict.fromkeys(READINGS, ()), 'norm': (norm,)}

    def cut(self, stages: Mapping[str, Sequence[str]], out_stages: Sequence[str] | None) -> None:
        """As in any staged backbone; readings of a class token that is not there are refused."""
        super().cut(stages, out_stages)
        if not self.class_token and {'attn', 'cls'} & set(self.out_stages):
            raise ValueError(
                f'{type(self).__name__} has no class token here, so there is nothing to read for '
                f'out_stages={self.out_stages}: build it with one, or read keys or matrices.'
            )

    def embed(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Tokens (N, P + hw, D) with their positions, of what enters the stage ``embed``, and the grid (h, w)."""
        raise NotImplementedError

    def advance(self, name: str, x: Tensor, side: Carried | None) -> tuple[Tensor, Carried | None]:
        """One stage on the patches ``x`` and the tokens ``side`` by side with them.

        Raises:
            ValueError: the class token of a pass that begins in the middle is not there.
        """
        if name == 'embed':
            tokens, grid = self.embed(x)
            return self._apart(tokens, grid, Tokens(tokens[:, :0]))
        if name in READINGS:
            return x, side
        if name != 'norm' and not name.startswith('blocks.'):
            return super().advance(name, x, side)
        if side is None:
            if self.num_prefix:
                raise ValueError(
                    f'{type(self).__name__} goes on at {name} without its class token. In a head, '
                    'trunk.resume(x, after=…) brings it; elsewhere call backbone(x, start=…, carried=…) with the dict '
                    'that was given to the pass which made x.'
                )
            side = Tokens(x.new_zeros(len(x), 0, x.shape[1]))
        assert isinstance(side, Tokens)
        return self.run_block(name, torch.cat((side.prefix, x.flatten(2).mT), 1), x.shape[2:], side)

    def run_block(self, name: str, tokens: Tensor, grid: Sequence[int], side: Tokens) -> tuple[Tensor, Tokens]:
        """A block, or the last normalisation, on all ``tokens`` (N, P + hw, D): patches, and the others beside them."""
        module, read = self.get_submodule(self._stage_paths[name][0]), set(self.out_stages)
        index = int(name.partition('.')[2] or -1)
        wanted = {'attn', 'matrices'} & read if index in self.looked_at else set()
        wanted |= {'keys'} & read if f'blocks.{index + 1}' not in self.stage_names else set()
        if index < 0 or not wanted:
            return self._apart(module(tokens), grid, side)
        seen: list[Tensor] = []
        with hooked(module.attn.qkv, seen.append):
            tokens = module(tokens)
        return self._apart(tokens, grid, looked(seen[0], module.attn, grid, self.num_prefix, wanted, side))

    def _apart(self, tokens: Tensor, grid: Sequence[int], side: Tokens) -> tuple[Tensor, Tokens]:
        prefix, patches = tokens.tensor_split([self.num_prefix], 1)
        return as_map(patches, grid), side._replace(prefix=prefix.clone())  # the clone lets the rest of the tokens go

    def reading(self, name: str, x: Tensor, side: Carried | None) -> Tensor:
        """The map, contiguous, or what the blocks before a reading saw."""
        if name not in READINGS:
            return x.contiguous()
        assert isinstance(side, Tokens)
        if name == 'cls':
            return side.prefix[:, :1].mT[..., None]
        if name == 'keys':
            return side.keys
        return torch.cat(side.rows if name == 'attn' else side.matrices, 1)


def as_map(patches: Tensor, grid: Sequence[int]) -> Tensor:
    """Tokens (N, hw, D) as a map (N, D, h, w), of the same memory."""
    return patches.mT.unflatten(2, tuple(grid))


def split_heads(qkv: Tensor, attn: nn.Module) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values (N, H, T, D / H) of what a block's projection gives, (N, T, 3 D).

    Args:
        qkv: the projection.
        attn: the module that it belongs to, with ``num_heads`` and, where it normalises, ``q_norm`` and ``k_norm``.
    """
    q, k, v = qkv.unflatten(2, (3, attn.num_heads, -1)).permute(2, 0, 3, 1, 4)
    return getattr(attn, 'q_norm', _same)(q), getattr(attn, 'k_norm', _same)(k), v


def attention(q: Tensor, k: Tensor) -> Tensor:
    """``softmax(q k^T / sqrt(d))``, the mean over heads, in float32 at least: (N, M, T) of M queries."""
    return (wide(q * q.shape[-1] ** -0.5) @ wide(k).mT).softmax(-1).mean(1)


def looked(qkv: Tensor, attn: nn.Module, grid: Sequence[int], prefix: int, wanted: set[str], before: Tokens) -> Tokens:
    """What was seen ``before``, and in one more block, whose projection in ``attn`` gave ``qkv`` (N, T, 3 D)."""
    q, k, _ = split_heads(qkv, attn)
    found: dict = {}
    if 'matrices' in wanted:
        found['matrices'] = (*before.matrices, attention(q, k)[:, None])
    if 'attn' in wanted:
        row = attention(q[:, :, :1], k)[:, :, prefix:]
        found['rows'] = (*before.rows, row.unflatten(2, tuple(grid)))
    if 'keys' in wanted:
        found['keys'] = as_map(qkv.chunk(3, 2)[1][:, prefix:], grid)
    return before._replace(**found)


def _same(x: Tensor) -> Tensor:
    return x


@contextmanager
def hooked(module: nn.Module, look: Callable[[Tensor], Any]) -> Iterator[None]:
    """Inside, ``look`` sees what ``module`` returns, and returns something else instead of it, or ``None``."""
    handle = module.register_forward_hook(lambda module, args, output: look(output))
    try:
        yield
    finally:
        handle.remove()
