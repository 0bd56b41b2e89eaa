"""One model made again: what its commands need, and what they give."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from mmengine.config import Config

import wsolzoo
from wsolzoo.compat import versions
from wsolzoo.digest import sha256_of
from wsolzoo.errors import UserError
from wsolzoo.resources import tools_dir
from wsolzoo.run.launch import read_config
from wsolzoo.zoo.commands import MADE, TESTS, TRAININGS, Command, read_commands
from wsolzoo.zoo.scores import Score, compare

PACKAGE = Path(wsolzoo.__file__).resolve().parent


class Missing(UserError):
    """Something that a command needs is not here."""


class Wrong(UserError):
    """The metafile, the config or the checkpoint is not what it should be."""


@dataclass(frozen=True)
class Reproduction:
    """One model to be made again.

    Attributes:
        entry: the model's, of its metafile.
        root: of the checkout.
        folder: where everything goes that the commands write.
        train: train it anew first.
        problems: what is wrong with its entry, hash of the checkpoint included.
    """

    entry: Mapping[str, Any]
    root: Path
    folder: Path
    train: bool = False
    problems: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the model."""
        return self.entry['Name']

    @property
    def results(self) -> list[Mapping[str, Any]]:
        """Those that were measured here."""
        return [result for result in self.entry.get('Results') or [] if result.get('Metrics')]

    def tests(self) -> dict[str, list[Command]]:
        """The commands of every measurement, by their text.

        Raises:
            CommandError: one is not run from a metafile.
            Wrong: it is about something else than this model.
            Missing: the metafile records no measurement, or of a checkpoint that is not published.
        """
        texts = dict.fromkeys(str(result['Provenance']['Command']) for result in self.results)
        if not texts:
            raise Missing('its metafile records no number measured here')
        found = {text: read_commands(text, TESTS) for text in texts}
        for commands in found.values():
            self._look_at(commands[-1])
        return found

    def _look_at(self, command: Command) -> None:
        """Whether a test is of this config and of a checkpoint that everybody has."""
        config, *checkpoint = command.positional or ('',)
        if Path(config).stem != Path(self.entry['Config']).stem:
            raise Wrong(f'its command tests {config}, not {self.entry["Config"]}')
        if checkpoint and 'Weights' in self.entry and checkpoint[0] != self.entry['Weights']:
            raise Wrong(f'its command tests {checkpoint[0]}, not its Weights, {self.entry["Weights"]}')
        if checkpoint and checkpoint[0].startswith(f'{MADE}/') and not self.train:
            raise Missing(f'its checkpoint is not published; the command tests {checkpoint[0]}')

    def trainings(self) -> list[Command]:
        """The commands that made the checkpoint.

        Raises:
            CommandError: one is not run from a metafile.
            Missing: the metafile records none.
        """
        if not self.entry.get('Training'):
            raise Missing('its metafile records no training')
        return read_commands(self.entry['Training']['Command'], TRAININGS)

    def made_from(self, code: str) -> dict[str, str]:
        """Fingerprints of everything the numbers depend on, after a look whether it is all there.

        Raises:
            Wrong: the entry is unsound (a checkpoint with another hash, say), or the config cannot be read.
            Missing: data or a checkpoint is not here.
            CommandError: see :meth:`tests`.
        """
        if self.problems:
            raise Wrong('; '.join(self.problems))
        found = {'code': code, 'entry': _digest(self.entry), 'train': str(self.train)}
        commands = [command for lines in self.tests().values() for command in lines]
        commands += self.trainings() if self.train else []
        found['checkpoint'] = self._checkpoint()
        found['config'] = _digest([self._needs(command.filled(os.environ)) for command in commands])
        return found

    def _checkpoint(self) -> str:
        weights = str(self.entry.get('Weights', ''))
        return weights if not weights or '://' in weights else sha256_of(self.root / weights)

    def _needs(self, command: Command) -> Any:
        """The config of a command as it is run, after a look whether its data is here."""
        words = [word for word in command.words if word not in command.options]
        places = [word for word in words if word.startswith('/')]  # which only a variable can be
        places += [place for place in (word.partition('=')[2] for word in words) if '/' in place]
        config = command.positional[0]
        if config.endswith('.py'):
            try:
                cfg = read_config(self.root / config, command.options, imports=False)
            except (UserError, FileNotFoundError) as error:
                raise Wrong(f'its config cannot be read: {error}') from error
            places += _read_by(cfg, command)
            config = cfg.to_dict()
        for place in places:
            if '://' not in place and not place.startswith(MADE) and not (self.root / place).exists():
                raise Missing(f'{place} is not here')
        return [command.words, config]

    def run(self) -> list[Score]:
        """Run everything, and compare.

        Raises:
            Wrong: a command failed.
            Missing: a command uses a variable that is not set.
        """
        checkpoint = self._train() if self.train else None
        scores: list[Score] = []
        for number, (text, commands) in enumerate(self.tests().items(), 1):
            *before, test = commands
            for command in before:
                self._call(command, self.folder / f'{number}_{Path(command.tool).stem}.log')
            report = self._test(test.testing(str(checkpoint)) if checkpoint else test, self.folder / f'test{number}')
            results = [result for result in self.results if str(result['Provenance']['Command']) == text]
            scores += [score for result in results for score in compare(result, report, self.train)]
        return scores

    def begin(self, made_from: Mapping[str, str]) -> None:
        """Remove what was made from something else: a training goes on only where nothing has changed."""
        mark, text = self.folder / 'made_from.json', json.dumps(dict(made_from), indent=1)
        if not mark.is_file() or mark.read_text(encoding='utf-8') != text:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            mark.write_text(text, encoding='utf-8')

    def _train(self) -> Path:
        from wsolzoo.engine.hooks.checkpoint import newest_checkpoint

        for number, command in enumerate(self.trainings(), 1):
            where = {
                'tools/train.py': ('--work-dir', str(self.folder / Path(command.positional[0]).stem), '--resume'),
                'tools/chain.py': ('--root', str(self.folder)),
            }
            self._call(command, self.folder / f'train{number}.log', *where.get(command.tool, ()))
        work_dir = self.folder / Path(self.entry['Config']).stem
        checkpoint = newest_checkpoint(work_dir)
        if checkpoint is None:
            raise Wrong(f'its training left no checkpoint in {work_dir}')
        return checkpoint

    def _test(self, command: Command, folder: Path) -> Mapping[str, Any]:
        folder.mkdir(parents=True, exist_ok=True)
        report = folder / 'metrics.json'
        report.unlink(missing_ok=True)
        where = ('--work-dir', str(folder)) if command.tool == 'tools/test.py' else ('--out', str(report))
        self._call(command, folder / 'output.log', *where)
        try:
            return json.loads(report.read_text(encoding='utf-8'))
        except (OSError, ValueError) as error:
            raise Wrong(f'{command.tool} wrote no {report}') from error

    def _call(self, command: Command, log: Path, *more: str) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        words = command.within(str(self.folder)).filled(os.environ).words
        tool = tools_dir() / command.tool.removeprefix('tools/')
        environment = os.environ | {
            'PYTHONPATH': os.pathsep.join(filter(None, [str(PACKAGE.parent), os.environ.get('PYTHONPATH')])),
            'WSOLZOO_WORK_DIRS': str(self.folder),
        }
        with open(log, 'w', encoding='utf-8') as output:
            status = call([sys.executable, str(tool), *words, *more], self.root, environment, output)
        if status:
            said = [line for line in log.read_text(encoding='utf-8').splitlines() if line.strip()]
            raise Wrong(f'{command.tool} ended with {status}: {(said or [""])[-1].strip()[:300]} (see {log})')


def call(words: list[str], folder: Path, environment: Mapping[str, str], output: IO[str]) -> int:
    """Run a command, without a shell, and return its exit status."""
    return subprocess.run(words, cwd=folder, env=environment, stdout=output, stderr=output).returncode


def _read_by(cfg: Config, command: Command) -> Iterator[str]:
    """The folders of data, and the weights to start from, that a tool will look for."""
    if command.tool in ('tools/test.py', 'tools/train.py'):
        training = command.tool == 'tools/train.py'
        for loader in ('val_dataloader', 'test_dataloader', *['train_dataloader'] * training):
            yield from _values(cfg.get(loader), 'data_root')
        if training:
            yield from _values(cfg.get('model'), 'checkpoint')
        if cfg.get('load_from') and len(command.positional) == 1:
            yield cfg.load_from


def _values(value: Any, key: str) -> Iterator[str]:
    """Every text under a key, in a piece of a config."""
    if isinstance(value, Mapping):
        if isinstance(value.get(key), str):
            yield value[key]
        value = list(value.values())
    for inner in value if isinstance(value, list | tuple) else ():
        yield from _values(inner, key)


def _digest(value: Any) -> str:
    return sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def code_version() -> str:
    """Fingerprint of the package, its tools and the libraries that numbers depend on."""
    own = [path for path in PACKAGE.rglob('*.py') if '.mim' not in path.relative_to(PACKAGE).parts]
    files = [*sorted(own), *sorted(tools_dir().rglob('*.py'))]
    return _digest([versions(), [sha256_of(path) for path in files]])
