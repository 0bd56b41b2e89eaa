"""The commands that metafiles record: which tools of this repository they may run, and with what.

A metafile is data, so its commands never reach a shell: they are split as a shell splits words, name a tool of
:data:`TESTS` or :data:`TRAININGS` with the options listed there, and stay inside the checkout. They may use variables,
``$NAME``, which the environment of whoever runs them fills in. What they make goes to ``work_dirs``, which
:meth:`Command.within` moves elsewhere.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from wsolzoo.errors import UserError, meant

MADE = 'work_dirs'
_REPEATABLE = frozenset({'--seed', '--deterministic', '--cfg-options'})
_DEFOCUS = (
    '--pairs --photos --scenes --include --exclude --border --min-valid --count --size --scene-seed --preset --policy'
    ' --unit --c-max --layers --camera --variants --seed --workers --rule'
)
_DATA: dict[str, frozenset[str]] = {'tools/dataset_tools/make_defocus.py': frozenset(_DEFOCUS.split())}
TESTS: dict[str, frozenset[str]] = _DATA | {
    'tools/test.py': _REPEATABLE | {'--allow-partial'},
    'tools/analysis_tools/evaluate_defocus.py': frozenset({'--set', '--stack', '--smooth'}),
}
"""Tools that judge a checkpoint or make the data for it, with the options that a metafile may give them."""
TRAININGS: dict[str, frozenset[str]] = _DATA | {
    'tools/train.py': _REPEATABLE | {'--amp', '--auto-scale-lr'},
    'tools/chain.py': frozenset({'--seed', '--cfg-options'}),
    'tools/prune.py': frozenset({'--plan', '--rule', '--select', '--round-to', '--batches', '--size', '--seed'}),
}
"""Tools that make a checkpoint, likewise; a training leaves it in ``work_dirs/<name of its config>``."""
_WRITES = {'tools/prune.py': 2, 'tools/dataset_tools/make_defocus.py': 0}
"""Which argument of a tool is written to."""
_VARIABLE = re.compile(r'\$(?:\{(\w+)\}|(\w+))')


class CommandError(UserError, ValueError):
    """A metafile records a command that is not run from a metafile."""


class UnsetError(UserError, LookupError):
    """A command uses a variable that the environment does not have."""


@dataclass(frozen=True)
class Command:
    """A tool of this repository and its arguments.

    Attributes:
        tool: ``tools/test.py``.
        words: its arguments.
    """

    tool: str
    words: tuple[str, ...]

    @property
    def positional(self) -> tuple[str, ...]:
        """The arguments before the first option: config, checkpoint."""
        first = next((index for index, word in enumerate(self.words) if word.startswith('--')), len(self.words))
        return self.words[:first]

    @property
    def options(self) -> tuple[str, ...]:
        """What follows ``--cfg-options``."""
        if '--cfg-options' not in self.words:
            return ()
        rest = self.words[self.words.index('--cfg-options') + 1 :]
        end = next((index for index, word in enumerate(rest) if word.startswith('--')), len(rest))
        return rest[:end]

    def testing(self, checkpoint: str) -> 'Command':
        """The same command about another checkpoint."""
        rest = self.words[len(self.positional) :]
        return replace(self, words=(self.positional[0], checkpoint, *rest))

    def filled(self, variables: Mapping[str, str]) -> 'Command':
        """With the values of its variables; one that is a word by itself may stand for several.

        Raises:
            UnsetError: one has no value.
        """

        def value(match: re.Match) -> str:
            name = match[1] or match[2]
            if name not in variables:
                raise UnsetError(f'the command uses ${name}, which is not set')
            return variables[name]

        words: list[str] = []
        for word in self.words:
            filled = _VARIABLE.sub(value, word)
            words += shlex.split(filled) if _VARIABLE.fullmatch(word) else [filled]
        return replace(self, words=tuple(words))

    def within(self, folder: str) -> 'Command':
        """With ``folder`` in place of ``work_dirs``."""
        return replace(
            self, words=tuple(re.sub(rf'(^|=){MADE}(?=/|$)', rf'\g<1>{folder}', word) for word in self.words)
        )


def read_commands(text: str, tools: Mapping[str, frozenset[str]]) -> list[Command]:
    """The commands of a metafile, one a line; :data:`TESTS` or :data:`TRAININGS` says which are known.

    Raises:
        CommandError: it is something else than a known tool with known options on paths inside the checkout.
    """
    commands = [_read(line, tools) for line in str(text).strip().splitlines() if line.strip()]
    if not commands:
        raise CommandError('the command is empty')
    return commands


def _read(line: str, tools: Mapping[str, frozenset[str]]) -> Command:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise CommandError(f'not a command: {error}: {line}') from error
    if len(words) < 3 or words[0] != 'python':
        raise CommandError(f'a command is `python TOOL CONFIG …`, with a tool of this repository; got {line!r}')
    tool, arguments = words[1], tuple(words[2:])
    if tool not in tools:
        raise CommandError(f'{tool} is not run from a metafile; {meant(tool, tools)}')
    for word in arguments:
        option = word.partition('=')[0]
        if word.startswith('-') and not _number(word) and option not in tools[tool]:
            raise CommandError(f'{tool} takes no {option} from a metafile; {meant(option, tools[tool])}')
        if _leaves(word):
            raise CommandError(f'{word} leaves the checkout; name a place inside it, or one below $WSOLZOO_DATA')
    command = Command(tool, arguments)
    if tool in _WRITES and PurePosixPath(*command.positional[_WRITES[tool] :][:1]).parts[:1] != (MADE,):
        raise CommandError(f'{tool} would not write to {MADE}/, where everything goes that is made')
    return command


def _number(word: str) -> bool:
    return re.fullmatch(r'-\d*\.?\d+(e-?\d+)?', word) is not None


def _leaves(word: str) -> bool:
    """Whether a word, or a value in it, is a path that leads out of the checkout."""
    values = [value for value in re.split('[=,]', word) if '://' not in value]
    return any(value.startswith(('/', '~')) or '..' in PurePosixPath(value).parts for value in values)
