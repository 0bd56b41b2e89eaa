"""What breaks, subject by subject, and the sentence that a user reads then; ``test_bad_input.py`` breaks it."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Broken(NamedTuple):
    """One broken input: what is wrong with it, who is given it, and exactly what is said (``~`` is its folder)."""

    what: str
    call: Callable[[Path], object]
    says: str


def file(path: Path, content: str | bytes = '') -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)
