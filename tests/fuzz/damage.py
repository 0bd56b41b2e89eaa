"""Random damage to files of bytes, and running it until a time is up.

A module of this folder offers ``BODIES``: name → ``(strategy, check)``. ``check(example, folder)`` raises where a
reader breaks its promise: a damaged file is refused in one sentence that names it, or what is read is sound.
"""

from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Body = tuple[st.SearchStrategy, Callable[[object, Path], None]]


@st.composite
def damaged(draw, content: bytes) -> bytes:
    """The file with bits flipped, a stretch replaced, moved or repeated, or its end missing."""
    good = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, max(len(good) - 1, 0)))
        length = draw(st.integers(1, 64))
        match draw(st.sampled_from(['flip', 'cut', 'zeros', 'noise', 'move', 'insert'])):
            case 'flip':
                good[start] ^= 1 << draw(st.integers(0, 7))
            case 'cut':
                del good[max(1, start) :]
            case 'zeros':
                good[start : start + length] = bytes(len(good[start : start + length]))
            case 'noise':
                good[start : start + length] = draw(st.binary(min_size=length, max_size=length))
            case 'move':
                good[start : start + length], good[:length] = good[:length], good[start : start + length]
            case 'insert':
                good[start:start] = draw(st.binary(min_size=1, max_size=length))
    return bytes(good)


def try_many(body: Body, examples: int, folder: Path, repeatable: bool = True) -> None:
    """Draw examples and check each; a failure is shrunk to a small one and raised."""
    strategy, check = body

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=repeatable,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(example) -> None:
        check(example, folder)

    run()
