"""What a checkpoint says about the channels it has lost, so that it can rebuild its own network."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from wsolzoo.engine.width_plan.cut import Kept, compose, cut

KEY = 'width_plan'
"""Where the record stands: in ``meta`` of a checkpoint, and as an attribute of a model that was cut."""


def make_record(kept: Kept, parent: str, rules: Sequence[Mapping], before: Mapping | None = None) -> dict[str, Any]:
    """A record of plain values.

    Args:
        kept: see :data:`~wsolzoo.engine.width_plan.cut.Kept`, in the network that was cut.
        parent: SHA-256 of the checkpoint it was cut from.
        rules: what was asked for.
        before: the record of the parent, if that had been cut already. What is kept is then said of the original.
    """
    earlier = before or {'kept': {}, 'parents': [], 'rules': []}
    return {
        'kept': compose(earlier['kept'], kept),
        'parents': [*earlier['parents'], parent],
        'rules': [*earlier['rules'], [dict(rule) for rule in rules]],
    }


def record_of(checkpoint: Mapping[str, Any]) -> dict[str, Any] | None:
    """The record in a checkpoint, or ``None``."""
    meta = checkpoint.get('meta')
    found = meta.get(KEY) if isinstance(meta, Mapping) else None
    return dict(found) if isinstance(found, Mapping) and 'kept' in found else None


def restore(model: nn.Module, checkpoint: Mapping[str, Any], weights: Mapping[str, Tensor]) -> bool:
    """Cut ``model`` as the checkpoint's network was, unless it has those widths already; remember the record.

    Returns:
        Whether the model was changed.

    Raises:
        WidthPlanError: the model is not the one that the plan was made for.
    """
    record = record_of(checkpoint)
    if record is None:
        return False
    own = model.state_dict()
    fits = all(own[name].shape == value.shape for name, value in weights.items() if name in own)
    if not fits:
        cut(model, record['kept'])
    setattr(model, KEY, record)
    return not fits
