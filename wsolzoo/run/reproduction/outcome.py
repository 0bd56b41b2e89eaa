"""What came of making one model again, and how it is kept for the next time."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wsolzoo.zoo.scores import Score

PASS, FAIL, SKIP = 'PASS', 'FAIL', 'SKIP'
FILE = 'outcome.json'


@dataclass
class Outcome:
    """What came of one model.

    Attributes:
        name: of the model.
        status: ``PASS``, ``FAIL``, or ``SKIP`` where something is not here that the command needs.
        reason: why it is not ``PASS``.
        seconds: that the commands took.
        scores: every recorded number beside the new one.
        made_from: fingerprints of the checkpoint, the config, the metafile's entry and the code.
        kept: it is the outcome of an earlier call, and nothing has changed since.
    """

    name: str
    status: str
    reason: str = ''
    seconds: float = 0.0
    scores: list[Score] = field(default_factory=list)
    made_from: dict[str, str] = field(default_factory=dict)
    kept: bool = False

    def plain(self) -> dict[str, Any]:
        """As JSON has it: scores with their difference and whether they hold."""
        scores = [asdict(score) | {'difference': score.difference, 'holds': score.holds} for score in self.scores]
        return asdict(self) | {'scores': scores}

    def keep(self, folder: Path) -> None:
        """Write it for :func:`kept`."""
        (folder / FILE).write_text(json.dumps(self.plain(), indent=1, ensure_ascii=False) + '\n', encoding='utf-8')


def kept(folder: Path, made_from: dict[str, str]) -> Outcome | None:
    """The outcome of an earlier call, unless something that it was made from has changed since."""
    try:
        told = json.loads((folder / FILE).read_text(encoding='utf-8'))
        scores = [Score(**{key: score[key] for key in Score.__dataclass_fields__}) for score in told.pop('scores')]
        outcome = Outcome(**told | {'kept': True}, scores=scores)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # none, or one that was half written
        return None
    return outcome if outcome.made_from == made_from else None
