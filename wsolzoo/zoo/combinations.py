"""What combines with what: the parts of the zoo's own configs, put together anew.

Every method has a leaf for the built-in scenes. Its head, necks, losses and batch augmentations are the parts here, so
a new method joins the tests and the matrix in the docs by its config alone.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import DefaultScope

from wsolzoo.errors import UserError
from wsolzoo.registry import MODELS

KINDS = {'head': 'mask head', 'necks': 'attention necks', 'losses': 'losses', 'batch_augments': 'batch augmentation'}
"""What a method may bring to a localizer, by the key of its config."""
BETWEEN = (
    ('head', 'necks'),
    ('head', 'losses'),
    ('head', 'batch_augments'),
    ('necks', 'losses'),
    ('necks', 'batch_augments'),
    ('losses', 'batch_augments'),
)
STAGES = ('stem', 'stage1.0', 'stage1.1', 'stage2.0', 'stage2.1', 'stage3.0', 'stage3.1')
"""Stages of the small network that the scenes are trained with."""


@dataclass(frozen=True)
class Part:
    """What one method brings of one kind.

    Attributes:
        kind: a key of :data:`KINDS`.
        name: the types of its components.
        home: the model of the config it was found in.
    """

    kind: str
    name: str
    home: Mapping[str, Any] = field(compare=False)

    def put_into(self, model: Mapping[str, Any]) -> dict[str, Any]:
        """A copy of a model's config with this part instead of its own.

        A head brings the stages it reads, and keeps what another head would have said of the number of classes.
        """
        model = dict(copy.deepcopy(model))
        model[self.kind] = copy.deepcopy(self.home[self.kind])
        if self.kind == 'head':
            backbone = {key: value for key, value in model['backbone'].items() if key != 'out_stages'}
            stages = self.home['backbone'].get('out_stages')
            model['backbone'] = backbone | ({'out_stages': stages} if stages else {})
        return model


def scenes_leaves(root: Path) -> list[Path]:
    """The configs of localization methods for the built-in scenes."""
    return sorted((root / 'configs').glob('*/*_plainnet*_scenes-96px.py'))


def parts(leaves: Iterable[Path]) -> dict[str, dict[str, Part]]:
    """The parts of these configs by kind and name; the first config that has a part is its home."""
    found: dict[str, dict[str, Part]] = {kind: {} for kind in KINDS}
    for path in leaves:
        model = Config.fromfile(path).model.to_dict()
        for kind in KINDS:
            name = named(model.get(kind))
            if name:
                found[kind].setdefault(name, Part(kind, name, model))
    return found


def named(settings: Any) -> str:
    """The types in the settings of a head, of necks by their places, or of a list of losses or augmentations."""
    if not settings:
        return ''
    if isinstance(settings, Mapping):
        listed: Sequence = [settings] if 'type' in settings else [*settings.values()]
    else:
        listed = settings
    return ' + '.join(dict.fromkeys(item['type'] for item in listed))


def on_backbone(model: Mapping[str, Any], backbone: Mapping[str, Any], stages: Sequence[str]) -> dict[str, Any]:
    """The model on another backbone.

    Args:
        model: a config whose stages are those of :data:`STAGES`.
        backbone: settings of the other one, without ``out_stages``.
        stages: its stages that stand for :data:`STAGES`.
    """
    names = dict(zip(STAGES, stages, strict=True))
    names |= {f'stage{number}': names[f'stage{number}.1'] for number in (1, 2, 3)}

    def renamed(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {names.get(key, key): renamed(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(renamed, value))
        return names.get(value, value) if isinstance(value, str) else value

    moved = {key: renamed(value) for key, value in model.items()}
    out_stages = moved['backbone'].get('out_stages', (stages[-1],))
    return moved | {'backbone': {**backbone, 'out_stages': out_stages}}


def refusal(model: Mapping[str, Any]) -> str | None:
    """Why a model cannot be built, ``None`` where it can."""
    with DefaultScope.overwrite_default_scope('wsolzoo'):
        try:
            MODELS.build(copy.deepcopy(dict(model)))
        except UserError as error:
            return str(error)
    return None


def pairs(found: Mapping[str, Mapping[str, Part]]) -> Iterator[tuple[Part, Part, dict[str, Any]]]:
    """Every two parts of different kinds, and a model with both: the home of one of them with the other put in.

    That of the losses where there are some, which read what their method has besides; else that of the second part.
    """
    for one_kind, other_kind in BETWEEN:
        for one in found[one_kind].values():
            for other in found[other_kind].values():
                yield one, other, other.put_into(one.home) if one_kind == 'losses' else one.put_into(other.home)


INTRO = """# What combines with what

<!-- Generated from the configs for the built-in scenes by `python tools/zoo.py readme`; do not edit. -->

Heads, attention necks, losses and batch augmentations of different methods go together in one config, on any backbone.
Here BAS looks through the gates of ADL at images with hidden cells:

```python
_base_ = 'wsolzoo::bas/bas_plainnet_1xb32-15e_scenes-96px.py'
model = dict(
    necks={'stage3.0': dict(type='ADLNeck'), 'stage3.1': dict(type='ADLNeck')},
    batch_augments=[dict(type='HaS', grid_size=16, drop_rate=0.5)],
)
```

Each table is made by building models: the config that brings one of the two parts, with the other part in it.
`tests/test_combinations.py` takes a step with each of them, checks that every loss moves something, predicts and
evaluates. What means nothing together is refused when the model is built; the number leads to the reason, as a user
reads it. A method of yours joins by a config for the scenes ({doc}`add_a_method`).
"""


def page(found: Mapping[str, Mapping[str, Part]]) -> str:
    """The matrix as Markdown: a table for every two kinds, and the reasons of refusals below."""
    said = {(one, other): (refusal(model) or '').splitlines() for one, other, model in pairs(found)}
    reasons = list(dict.fromkeys(reason for told in said.values() for reason in told))
    lines = [INTRO]
    for one_kind, other_kind in BETWEEN:
        rows, columns = found[one_kind], found[other_kind]
        if not rows or not columns:
            continue
        lines += [f'## {KINDS[one_kind].capitalize()} and {KINDS[other_kind]}\n']
        lines += ['| | ' + ' | '.join(f'`{name}`' for name in columns) + ' |', '|---' * (len(columns) + 1) + '|']
        for one in rows.values():
            answers = [said[one, other] for other in columns.values()]
            numbers = [', '.join(str(reasons.index(reason) + 1) for reason in told) for told in answers]
            cells = [f'no ({told})' if told else 'yes' for told in numbers]
            lines += [f'| `{one.name}` | ' + ' | '.join(cells) + ' |']
        lines += ['']
    if reasons:
        lines += ['## Why not\n', *(f'{number}. {reason}' for number, reason in enumerate(reasons, 1)), '']
    return '\n'.join(lines)
