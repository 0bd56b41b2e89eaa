"""From rules to kept channels."""

import copy
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from wsolzoo.engine.width_plan.cut import Kept, WidthPlanError, cut, width_of
from wsolzoo.engine.width_plan.graph import Consumers, Touched
from wsolzoo.engine.width_plan.scores import DATA, ORDERS, SELECTORS, WEIGHTS, best, by_order, data_scores, weight_score


@dataclass(frozen=True)
class Rule:
    """How many channels some layers keep, and which.

    Args:
        layers: names or regular expressions; they match a whole name or what follows a dot in it (``fc6`` means
            ``network.fc6``).
        ratio: share of the channels that stays, in (0, 1].
        width: or their number.
        select: one of :data:`~wsolzoo.engine.width_plan.scores.SELECTORS`, or the numbers of the channels to keep.
        seed: of ``random``; each layer draws its own.

    Raises:
        WidthPlanError: neither or both of ratio and width, or a value that cannot be.
    """

    layers: tuple[str, ...]
    ratio: float | None = None
    width: int | None = None
    select: str | tuple[int, ...] = 'first'
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, 'layers', (self.layers,) if isinstance(self.layers, str) else tuple(self.layers))
        if not isinstance(self.select, str):
            object.__setattr__(self, 'select', tuple(sorted(set(self.select))))
            if self.ratio is not None or self.width is not None or not self.select or self.select[0] < 0:
                raise WidthPlanError('a rule that lists channels needs at least one, and neither ratio nor width')
            return
        if self.select not in SELECTORS:
            raise WidthPlanError(f'select must be one of {", ".join(SELECTORS)}, or numbers; got {self.select!r}')
        if (self.ratio is None) == (self.width is None):
            raise WidthPlanError(f'a rule says ratio or width; got ratio={self.ratio}, width={self.width}')
        if self.ratio is not None and not 0 < self.ratio <= 1:
            raise WidthPlanError(f'ratio is the share of channels that stays, in (0, 1]; got {self.ratio}')
        if self.width is not None and self.width < 1:
            raise WidthPlanError(f'width must be at least 1; got {self.width}')

    def keeps(self, count: int, round_to: int = 1) -> int:
        """How many of ``count`` channels stay; a ratio is rounded up to a multiple of ``round_to``."""
        if not isinstance(self.select, str):
            return len(self.select)
        if self.width is not None:
            if self.width > count:
                raise WidthPlanError(f'width={self.width} is more than the {count} channels that there are')
            return self.width
        return min(count, math.ceil(round(self.ratio * count, 6) / round_to) * round_to)


def plan_widths(
    model: BaseModel, rules: Sequence[Rule], batch: dict, batches: Iterable[dict] = (), round_to: int = 1
) -> Kept:
    """Which channels stay, in the layers that rules name and in all that read or share them.

    A layer named twice, or bound to one that came before (members of a residual sum), follows the first rule. Scores of
    layers that are bound to each other are added.

    Args:
        model: left as it is.
        rules: in order of precedence.
        batch: a small batch with truth, to see what hangs together.
        batches: batches of training data, for ``taylor`` (50 or more) and ``activation``.
        round_to: ratios are rounded up to a multiple of it.

    Raises:
        WidthPlanError: a rule that fits no layer, or changes the shape of the model's answer.
    """
    layers = {n: m for n, m in model.named_modules() if isinstance(m, _ConvNd | nn.Linear)}
    named = [(rule, name) for rule in rules for name in matching(rule, layers)]
    consumers = Consumers(model, batch)
    wanted = {rule.select for rule in rules}
    data = data_scores(model, layers_of(consumers, named, layers), batches) if wanted & {*DATA} else {}
    removed: dict[tuple[str, str], set[int]] = {}
    for rule, name in named:
        if (name, 'out') in removed:
            continue
        touched = consumers.touched(name)
        keep = set(chosen(rule, name, touched, dict(model.named_modules()), data, round_to))
        for part in touched:
            gone = {c for c, root in zip(part.channels, part.roots, strict=True) if root not in keep}
            removed.setdefault((part.name, part.side), set()).update(gone)
    kept: Kept = {}
    for (name, side), gone in removed.items():
        width = width_of(model.get_submodule(name), side)
        if len(gone) == width:
            raise WidthPlanError(f'nothing would be left of {name}')
        if gone:
            kept.setdefault(name, {})[side] = [i for i in range(width) if i not in gone]
    _check_answer(model, kept, batch)
    return kept


def _check_answer(model: BaseModel, kept: Kept, batch: dict) -> None:
    small = copy.deepcopy(model)
    cut(small, kept)
    try:
        shapes = [_shapes(network, batch) for network in (model, small)]
    except (RuntimeError, IndexError) as error:
        raise WidthPlanError(
            f'the network does not run without these channels ({error}); is one its output?'
        ) from error
    if shapes[0] != shapes[1]:
        raise WidthPlanError('the plan changes what the model answers; take its last layer out of the rules')


@torch.no_grad()
def _shapes(model: BaseModel, batch: dict) -> list:
    training = {module: module.training for module in model.modules()}
    samples = model.eval().test_step(copy.deepcopy(batch))
    for module, mode in training.items():
        module.training = mode
    return [(name, tuple(v.shape)) for sample in samples for name, v in sample.items() if isinstance(v, Tensor)]


def matching(rule: Rule, layers: dict[str, nn.Module]) -> list[str]:
    """Names of the layers that a rule means, in the order of the network.

    Raises:
        WidthPlanError: one of its names or patterns fits none.
    """
    found: set[str] = set()
    for pattern in rule.layers:
        hits = {n for n in layers if n == pattern or re.fullmatch(rf'(.*\.)?({pattern})', n)}
        if not hits:
            close = get_close_matches(pattern, [*layers, *(n.rpartition('.')[2] for n in layers)], n=3, cutoff=0.4)
            raise WidthPlanError(f'no layer {pattern!r}.' + (f' Did you mean {" or ".join(close)}?' if close else ''))
        found |= hits
    return [name for name in layers if name in found]


def layers_of(consumers: Consumers, named: list, layers: dict[str, nn.Module]) -> dict[str, nn.Module]:
    """The layers that write the channels which the rules that look at data choose from."""
    asked = [name for rule, name in named if rule.select in DATA]
    writing = {t.name for name in asked for t in consumers.touched(name) if t.side == 'out' and t.name in layers}
    return {name: layers[name] for name in layers if name in writing}


def chosen(
    rule: Rule, name: str, touched: list[Touched], modules: dict[str, nn.Module], data: dict, round_to: int
) -> list[int]:
    """The channels of layer ``name`` that stay."""
    count = width_of(modules[name])
    if not isinstance(rule.select, str):
        if rule.select[-1] >= count:
            raise WidthPlanError(f'{name} has {count} channels; the rule keeps number {rule.select[-1]}')
        return list(rule.select)
    keep = rule.keeps(count, round_to)
    if rule.select in ORDERS:
        return by_order(rule.select, count, keep, rule.seed + sum(name.encode()))
    scores, seen = torch.zeros(count, dtype=torch.float64), False
    for part in touched:
        score = _score(rule.select, part.name, modules[part.name], data) if part.side == 'out' else None
        if score is not None:
            scores.index_add_(0, torch.tensor(part.roots), score.cpu()[list(part.channels)])
            seen = True
    if not seen:
        raise WidthPlanError(
            f'{name}: select={rule.select!r} finds nothing to judge by; is there a batch norm after it?'
        )
    return best(scores, keep)


def _score(select: str, name: str, layer: nn.Module, data: dict) -> Tensor | None:
    if select == 'bn_scale':
        norm = isinstance(layer, _BatchNorm) and isinstance(getattr(layer, 'weight', None), nn.Parameter)
        return layer.weight.detach().double().abs() if norm else None
    if not isinstance(layer, _ConvNd | nn.Linear):
        return None
    return weight_score(layer, select) if select in WEIGHTS else data[select][name]
