"""A network cut into named stages that can be resumed from any of them."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm

from wsolzoo.models.outputs import Carried
from wsolzoo.registry import WEIGHT_INITIALIZERS

MEASURE_SIZE = 1024
"""Side of the imaginary image that channels and strides are measured on: large, so that borders do not count."""


class StagedBackbone(BaseModule):
    """Base of all backbones: ordered, named stages, each mapping one tensor (N, C, h, w) to the next.

    ``feats, attentions = backbone(x, start=0, after=None, carried=None)``. Running it in one go, or up to a stage and
    then from the next one on, gives the same numbers. A network that has more to hand from stage to stage than the map,
    such as class tokens, overrides :meth:`advance` and :meth:`reading`.

    A subclass registers its modules as it likes (so that its state-dict keys are those of published weights) and then
    calls :meth:`cut` with the stages, each a sequence of submodule paths. What follows the last stage asked for is
    removed: it has no parameters to train, save or synchronise.

    Attributes:
        stage_names: every stage, in order. A prefix such as ``'layer3'`` names the last stage inside it wherever a
            stage is asked for.
        stage_channels, stage_strides: one number a stage.
        out_stages: the stages whose outputs are returned, fine to coarse.
        out_channels, strides: one number an out stage.
        norm_eval: keep batch norm in evaluation mode while training; its weight and bias still learn.
        frozen: nothing here learns, see :meth:`hold`.
        held: the first stages, where they alone do not learn.
    """

    stage_names: tuple[str, ...]
    stage_channels: tuple[int, ...]
    stage_strides: tuple[int, ...]
    out_stages: tuple[str, ...]
    norm_eval = False
    frozen = False
    held: tuple[str, ...] = ()

    def cut(self, stages: Mapping[str, Sequence[str]], out_stages: Sequence[str] | None) -> None:
        """Set the stages, drop those after the last out stage, and measure channels and strides (on no real data).

        Args:
            stages: stage name → paths of the submodules that run in it, in order.
            out_stages: names of the stages to return; ``None`` for the last one.

        Raises:
            ValueError: an unknown, repeated or empty ``out_stages``.
        """
        self.stage_names = tuple(stages)
        asked = [out_stages] if isinstance(out_stages, str) else list(out_stages or self.stage_names[-1:])
        picked = sorted(self.stage_index(name) for name in asked)
        if len(set(picked)) != len(picked):
            raise ValueError(f'out_stages names the same stage twice: {asked}')
        self.out_stages = tuple(self.stage_names[i] for i in picked)
        kept = self.stage_names[: picked[-1] + 1]
        self._stage_paths = {name: tuple(stages[name]) for name in kept}
        used = {path for paths in self._stage_paths.values() for path in paths}
        for name in self.stage_names[len(kept) :]:
            for path in stages[name]:
                if path not in used:
                    _remove(self, path)
        self.stage_names = kept
        self._isolate_stages()
        self.stage_channels, self.stage_strides = self._measure()

    @property
    def out_channels(self) -> tuple[int, ...]:
        """Channels of each out stage."""
        return tuple(self.stage_channels[self.stage_index(name)] for name in self.out_stages)

    @property
    def strides(self) -> tuple[int, ...]:
        """Pixels of the input per cell of each out stage."""
        return tuple(self.stage_strides[self.stage_index(name)] for name in self.out_stages)

    def stage_index(self, stage: int | str) -> int:
        """Position of a stage given by name, by the prefix of a group of stages (its last one), or by position.

        Raises:
            ValueError: no such stage; the message lists the stages and the nearest names.
        """
        names = self.stage_names
        if isinstance(stage, int):
            if 0 <= stage < len(names):
                return stage
            raise ValueError(f'{type(self).__name__} has stages 0..{len(names) - 1} ({names[-1]!r}); got {stage}')
        if stage in names:
            return names.index(stage)
        inside = [i for i, name in enumerate(names) if name.startswith(f'{stage}.')]
        if inside:
            return inside[-1]
        close = difflib.get_close_matches(stage, names, n=3, cutoff=0.5)
        hint = f' Did you mean {" or ".join(map(repr, close))}?' if close else ''
        raise ValueError(
            f'{type(self).__name__} has no stage {stage!r}.{hint} Its stages, up to the last of out_stages: '
            f'{", ".join(names)}'
        )

    def train(self, mode: bool = True) -> 'StagedBackbone':
        """Set the mode, of batch norm only where ``norm_eval`` does not hold it back, of nothing where it is frozen."""
        super().train(mode and not self.frozen)
        for name in self.held:
            for path in self._stage_paths[name]:
                self.get_submodule(path).eval()
        if self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def hold(self, until: str | None = None) -> None:
        """Freeze for good: no weight learns, dropout, drop-path and batch norm stay as in a test, and no graph is kept
        where nothing below asks for gradients. A neck between the stages still learns.

        Args:
            until: the last stage that is frozen; ``None`` freezes everything.

        Raises:
            ValueError: no such stage.
        """
        if until is None:
            self.frozen = True
            self.requires_grad_(False)
        else:
            self.held = self.stage_names[: self.stage_index(until) + 1]
            for path in (path for name in self.held for path in self._stage_paths[name]):
                self.get_submodule(path).requires_grad_(False)
        self.train(self.training)

    def run_stage(self, name: str, x: Tensor) -> Tensor:
        """Output of one stage on the output ``x`` of the stage before it."""
        for path in self._stage_paths[name]:
            x = self.get_submodule(path)(x)
        return x

    def advance(self, name: str, x: Tensor, side: Carried | None) -> tuple[Tensor, Carried | None]:
        """One stage on the map ``x`` and on what goes on ``side`` by side with it, ``None`` in a plain network."""
        return self.run_stage(name, x), side

    def reading(self, name: str, x: Tensor, side: Carried | None) -> Tensor:
        """What an out stage returns, where ``x`` and ``side`` went on from it: the map."""
        return x

    def forward(
        self,
        x: Tensor,
        start: int | str = 0,
        after: Mapping[str, nn.Module] | None = None,
        carried: dict[int, Carried] | None = None,
    ) -> tuple[tuple[Tensor, ...], tuple[Any, ...]]:
        """Run the stages from ``start`` on.

        Args:
            x: (N, 3, H, W) images, or the output of the stage before ``start``.
            start: the first stage to run, by name or position.
            after: stage name → module that is called on that stage's output as ``x, attention = module(x)``.
            carried: filled, by the index of the stage, with what left it beside the map; where ``start`` is not the
                first stage, what the stage before it left in the pass that made ``x``.

        Returns:
            The outputs of those out stages that were run (after their modules), and what the modules returned beside
            the feature, in order, without ``None``.

        Raises:
            ValueError: an unknown stage in ``start`` or ``after``.
        """
        first = self.stage_index(start)
        modules = {self.stage_index(name): module for name, module in (after or {}).items()}
        carried = {} if carried is None else carried
        side = carried.get(first - 1)
        feats, attentions = [], []
        for index in range(first, len(self.stage_names)):
            name = self.stage_names[index]
            x, side = self.advance(name, x, side)
            if side is not None:
                carried[index] = side
            if index in modules:
                x, attention = modules[index](x)
                if attention is not None:
                    attentions.append(attention)
            if name in self.out_stages:
                feats.append(self.reading(name, x, side))
        return tuple(feats), tuple(attentions)

    def init_weights(self) -> None:
        """Load or draw the weights as ``init_cfg`` says; files are read by the package's safe loader."""
        WEIGHT_INITIALIZERS.import_from_location()
        super().init_weights()

    def _isolate_stages(self) -> None:
        """A stage must not write into its input, which a neck or a head may hold."""
        modules = dict(self.named_modules())
        for paths in self._stage_paths.values():
            if paths and getattr(modules.get(paths[0]), 'inplace', False):
                modules[paths[0]].inplace = False

    def _measure(self, size: int = MEASURE_SIZE) -> tuple[tuple[int, ...], tuple[int, ...]]:
        shapes: list[torch.Size] = []
        probe = _Probe(self, shapes)
        tensors = {name: torch.empty_like(t, device='meta') for name, t in probe.state_dict(keep_vars=True).items()}
        tensors |= {name: torch.empty_like(t, device='meta') for name, t in probe.named_buffers()}
        training, norms = self.training, [module for module in self.modules() if isinstance(module, _BatchNorm)]
        nn.Module.train(self, False)
        for norm in norms:  # it changes no shape, and to run it without data torch would import its whole compiler
            norm.forward = _same
        with torch.no_grad():
            functional_call(probe, tensors, torch.empty(1, 3, size, size, device='meta'))
        for norm in norms:
            del norm.forward
        nn.Module.train(self, training)
        return tuple(shape[1] for shape in shapes), tuple(max(1, round(size / shape[2])) for shape in shapes)


def _same(x: Tensor) -> Tensor:
    return x


class _Probe(nn.Module):
    """Writes down the shape of every stage's output."""

    def __init__(self, backbone: StagedBackbone, shapes: list[torch.Size]) -> None:
        super().__init__()
        self.backbone = backbone
        self.shapes = shapes

    def forward(self, x: Tensor) -> None:
        side = None
        for name in self.backbone.stage_names:
            x, side = self.backbone.advance(name, x, side)
            read = name in self.backbone.out_stages
            self.shapes.append((self.backbone.reading(name, x, side) if read else x).shape)


def _remove(root: nn.Module, path: str) -> None:
    """Delete a submodule, and its parents where nothing is left in them."""
    parent_path, _, name = path.rpartition('.')
    parent = root.get_submodule(parent_path)
    delattr(parent, name)
    if parent_path and not any(True for _ in parent.children()):
        _remove(root, parent_path)
