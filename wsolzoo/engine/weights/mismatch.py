"""How the weights of a file and those of a model differ, in plain words."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from wsolzoo.engine.weights.reading import CheckpointError

_EXPECTED = 'expected a state_dict (names → tensors) or a dict that holds one; got '


def state_dict_of(checkpoint: Mapping[str, Any]) -> Mapping[str, Tensor]:
    """The weights in whatever a checkpoint file held: a bare ``state_dict``, or one under a usual name.

    Raises:
        CheckpointError: there are none.
    """
    if not isinstance(checkpoint, Mapping):
        raise CheckpointError(_EXPECTED + type(checkpoint).__name__)
    names = ('state_dict', 'model', 'model_state', 'state_dict_ema', 'model_ema')
    inner = next((checkpoint[name] for name in names if isinstance(checkpoint.get(name), Mapping)), checkpoint)
    if not any(isinstance(value, Tensor) for value in inner.values()):
        raise CheckpointError(_EXPECTED + ', '.join(map(str, list(inner)[:8])))
    if all(isinstance(name, str) and isinstance(value, Tensor) for name, value in inner.items()):
        return inner
    return {name: value for name, value in inner.items() if isinstance(name, str) and isinstance(value, Tensor)}


def only_prefix(state_dict: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The entries whose name starts with ``prefix``, without it.

    Raises:
        CheckpointError: there are none; the message lists the prefixes there are.
    """
    prefix = prefix.rstrip('.') + '.' if prefix else ''
    found = {name.removeprefix(prefix): value for name, value in state_dict.items() if name.startswith(prefix)}
    if not found:
        raise CheckpointError(f'no weight under {prefix!r}; there are: {_count_by_prefix(state_dict)}')
    return found


@dataclass(frozen=True)
class Mismatch:
    """How a ``state_dict`` and a model differ.

    Attributes:
        missing: names only the model has (batch counters left out).
        unexpected: names only the ``state_dict`` has.
        shapes: name → (shape in the file, shape in the model).
        matched: how many fit.
        hint: what would make more of them fit.
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...]]]
    matched: int
    hint: str = ''

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.shapes)

    def summary(self) -> str:
        """A few lines, grouped by module, however many names are concerned."""
        lines = [f'{self.matched} weights loaded']
        if self.missing:
            lines.append(f'{len(self.missing)} of the model not in the file (left as they are): {_group(self.missing)}')
        if self.unexpected:
            lines.append(f'{len(self.unexpected)} of the file not in the model (ignored): {_group(self.unexpected)}')
        for name, (file, model) in list(self.shapes.items())[:5]:
            lines.append(f'{name}: shape {file} in the file, {model} in the model (left as it is)')
        if len(self.shapes) > 5:
            lines.append(f'… and {len(self.shapes) - 5} more of a different shape')
        return '\n  '.join(lines + [self.hint] * bool(self.hint))

    def short(self) -> str:
        """One line of numbers."""
        parts = (
            (len(self.missing), 'of the model not in the checkpoint'),
            (len(self.unexpected), 'of the checkpoint ignored'),
            (len(self.shapes), 'of another shape'),
        )
        return ', '.join([f'{self.matched} weights loaded', *(f'{count} {what}' for count, what in parts if count)])


def compare(model: nn.Module, state_dict: Mapping[str, Tensor]) -> Mismatch:
    """Say how ``state_dict`` fits ``model``, changing neither."""
    own = model.state_dict()
    common = [name for name in own if name in state_dict]
    shapes = {
        name: (tuple(state_dict[name].shape), tuple(own[name].shape))
        for name in common
        if state_dict[name].shape != own[name].shape
    }
    missing = tuple(name for name in own if name not in state_dict and not name.endswith('num_batches_tracked'))
    unexpected = tuple(name for name in state_dict if name not in own)
    return Mismatch(missing, unexpected, shapes, len(common) - len(shapes), _hint(own, state_dict, len(common)))


def _hint(own: Mapping[str, Tensor], state_dict: Mapping[str, Tensor], matched: int) -> str:
    """Whether cutting a prefix off one side's names would fit more of them."""
    best, advice = matched, ''
    for prefix in {'.'.join(name.split('.')[:n]) + '.' for name in state_dict for n in (1, 2) if name.count('.') >= n}:
        if (count := sum(name.removeprefix(prefix) in own for name in state_dict if name.startswith(prefix))) > best:
            best, advice = count, f'with prefix={prefix!r} {count} would fit'
    for prefix in {name.split('.')[0] + '.' for name in own if '.' in name}:
        if (count := sum(prefix + name in own for name in state_dict)) > best:
            best, advice = count, f'{count} would fit the part {prefix[:-1]!r} of the model: load them there'
    return advice


def _group(names: tuple[str, ...]) -> str:
    if len(names) <= 4:
        return ', '.join(names)
    return _count_by_prefix(names)


def _count_by_prefix(names: Iterable[str]) -> str:
    names = list(names)
    groups = Counter(name.split('.')[0] for name in names)
    depth = 2 if len(groups) == 1 else 1
    groups = Counter('.'.join(name.split('.')[:depth]) for name in names)
    shown = [f'{group}.* ({count})' if count > 1 else group for group, count in list(groups.items())[:8]]
    return ', '.join(shown) + (', …' if len(groups) > 8 else '')
