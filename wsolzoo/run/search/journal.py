"""The file that several processes write a study into, each line whole, whoever is killed in the middle of one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from wsolzoo.errors import UserError


class MissingOptunaError(UserError, ImportError):
    """The extra ``search`` is not installed."""


def optuna() -> Any:
    """The package, quiet.

    Raises:
        MissingOptunaError: it is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise MissingOptunaError("a search needs Optuna: pip install 'wsolzoo[search]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


class FileLock:
    """A lock that ends with its holder: the system takes it from a process that was killed.

    Optuna's own locks are files, which a killed process leaves behind for half a minute.

    Args:
        path: of the lock; the file stays.
        journal: a file of lines. What follows its last line end was begun by a process that is gone, and is removed.
    """

    def __init__(self, path: Path, journal: Path | None = None) -> None:
        self.path, self.journal = path, journal
        self._file: int | None = None

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        with suppress(ImportError):  # on a system without, one process at a time is all there can be
            import fcntl

            fcntl.flock(self._file, fcntl.LOCK_EX)
        if self.journal is not None and self.journal.exists():
            _mend(self.journal)
        return True

    def release(self) -> None:
        """Give it back."""
        if self._file is not None:
            os.close(self._file)
        self._file = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock for a block."""
        self.acquire()
        try:
            yield
        finally:
            self.release()


def _mend(path: Path) -> None:
    with open(path, 'r+b') as file:
        end = file.seek(0, os.SEEK_END)
        if end == 0 or (file.seek(end - 1), file.read(1))[1] == b'\n':
            return
        file.seek(0)
        file.truncate(file.read().rfind(b'\n') + 1)


def open_journal(path: Path) -> Any:
    """The Optuna storage in a journal file, which is made where there is none."""
    journal = optuna().storages.journal
    backend = journal.JournalFileBackend(str(path), lock_obj=FileLock(path.with_suffix('.lock'), path))
    return optuna().storages.JournalStorage(backend)
