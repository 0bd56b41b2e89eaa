"""A backbone with its necks, and one passage of a batch through them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from wsolzoo.models.frozen import frozen_call
from wsolzoo.models.outputs import Attention, Carried
from wsolzoo.structures import DataSample

Features = tuple[tuple[Tensor, ...], tuple[Attention, ...]]
HEAD = 'head.'
"""What the names of places inside a head begin with, as in ``'head.conv1'``."""


class RandomState(NamedTuple):
    """Where the generators stood that draw on the processor and on the device of the images."""

    cpu: Tensor
    cuda: Tensor | None

    @classmethod
    def now(cls, device: torch.device) -> 'RandomState':
        """As they stand."""
        return cls(torch.get_rng_state(), torch.cuda.get_rng_state(device) if device.type == 'cuda' else None)

    @contextmanager
    def again(self, device: torch.device) -> Iterator[None]:
        """Draw what was drawn from here on, then go on as if nothing had been drawn."""
        with torch.random.fork_rng([device] if self.cuda is not None else []):
            torch.set_rng_state(self.cpu)
            if self.cuda is not None:
                torch.cuda.set_rng_state(self.cuda, device)
            yield


class Trunk(nn.Module):
    """A staged backbone and the attention necks between its stages, called as one.

    Args:
        backbone: see :class:`~wsolzoo.models.backbones.StagedBackbone`.
        necks: the necks, in the order of ``places``.
        places: after which stage each stands, or in which place of the head (``'head.…'``).
    """

    def __init__(self, backbone: nn.Module, necks: nn.ModuleDict, places: Sequence[str]) -> None:
        super().__init__()
        self.backbone = backbone
        self.necks = necks
        self.places = tuple(places)

    def forward(
        self,
        x: Tensor,
        start: int | str = 0,
        states: dict[int, RandomState] | None = None,
        carried: dict[int, Carried] | None = None,
    ) -> Features:
        """``(feats, attentions)`` from stage ``start`` on; see :class:`~wsolzoo.models.backbones.StagedBackbone`.

        ``states`` is filled with the random state after each stage, ``carried`` with what left it beside the map.
        """
        after: dict[int, Callable] = dict(self.between(start))
        if states is not None:
            stages = range(len(self.backbone.stage_names))
            after = {index: partial(_remember, states, index, after.get(index)) for index in stages}
        return self.backbone(x, start=start, after=after, carried=carried)

    def between(self, start: int | str = 0) -> dict[int, nn.Module]:
        """The necks between the stages from ``start`` on, by the index of the stage whose output each changes."""
        first = self.backbone.stage_index(start)
        necks = {
            self.backbone.stage_index(place): neck
            for place, neck in zip(self.places, self.necks.values(), strict=True)
            if not place.startswith(HEAD)
        }
        return {index: neck for index, neck in necks.items() if index >= first}

    def neck_of(self, place: str) -> nn.Module | None:
        """The neck at a place, ``None`` where there is none."""
        return dict(zip(self.places, self.necks.values(), strict=True)).get(place)


def _remember(states: dict[int, RandomState], index: int, neck: nn.Module | None, x: Tensor) -> tuple[Tensor, Any]:
    x, attention = (x, None) if neck is None else neck(x)
    states[index] = RandomState.now(x.device)
    return x, attention


@dataclass
class TrunkPass:
    """One passage of a batch through a trunk: what a head may ask for besides the features.

    Attributes:
        trunk: backbone and necks.
        inputs: (N, 3, H, W) normalised images, after the batch augmentations.
        samples: the records of the images; empty where there are none.
        attentions: what the necks looked through, in order; those inside the head add theirs.
        states: random state after each stage, where the head may resume the trunk in training.
        carried: what left each stage beside the map, where the backbone carries more than a map.
    """

    trunk: Trunk
    inputs: Tensor
    samples: Sequence[DataSample] = ()
    attentions: list[Attention] = field(default_factory=list)
    states: dict[int, RandomState] = field(default_factory=dict)
    carried: dict[int, Carried] = field(default_factory=dict)

    def resume(self, x: Tensor, after: str, frozen: bool = False) -> tuple[Tensor, ...]:
        """Feats of the stages that follow the stage ``after``, run on ``x``, a changed output of that stage.

        What goes on beside the map is that of the first passage. Random gates and dropouts of those stages draw what
        they drew in it, so that both went through one network. With ``frozen`` the stages neither learn from this pass
        nor update their running statistics.
        """
        last = self.trunk.backbone.stage_index(after)
        trunk: Callable = partial(frozen_call, self.trunk) if frozen else self.trunk
        call = partial(trunk, carried=dict(self.carried))
        if last not in self.states:
            return call(x, start=last + 1)[0]
        with self.states[last].again(x.device):
            return call(x, start=last + 1)[0]

    def neck(self, place: str, x: Tensor) -> Tensor:
        """``x`` after the neck that the config puts in this place of the head, ``x`` itself where it puts none."""
        found = self.trunk.neck_of(HEAD + place)
        if found is None:
            return x
        x, attention = found(x)
        if attention is not None:
            self.attentions.append(attention)
        return x
