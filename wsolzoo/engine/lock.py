"""One training at a time in a work dir: a file says which process writes there."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from wsolzoo.errors import UserError

FILE = '.training.lock'
BEAT, SILENCE = 60, 3600
"""Seconds between two signs of life of an owner, and without one until it counts as gone from another machine."""


class LockedError(UserError, RuntimeError):
    """Another training writes into the work dir."""


@dataclass(frozen=True)
class Owner:
    """The process that trains in a work dir.

    Attributes:
        pid: number of the process, on its machine.
        host: name of the machine.
        started: when the training began.
        born: what the system calls the beginning of the process; tells it from a later one of the same number.
        job: of Slurm. A job that was put back into the queue is not there twice.
    """

    pid: int
    host: str
    started: str
    born: str = ''
    job: str = ''

    @classmethod
    def here(cls) -> 'Owner':
        """This process."""
        now = datetime.now(timezone.utc).isoformat(' ', 'seconds')
        return cls(os.getpid(), socket.gethostname(), now, born_at(), os.environ.get('SLURM_JOB_ID', ''))

    def lives(self, silent: float) -> bool:
        """Whether the process may still be there.

        Args:
            silent: seconds since its last sign of life, which is all that tells of another machine's process.
        """
        if self.host != socket.gethostname():
            requeued = bool(self.job) and self.job == os.environ.get('SLURM_JOB_ID')
            return silent < SILENCE and not requeued
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except OSError:  # somebody else's process
            pass
        return born_at(self.pid) == self.born


def born_at(pid: int | str = 'self') -> str:
    """When a process began, in ticks since the machine did; empty where the system does not tell or it has ended."""
    with suppress(OSError, IndexError):
        fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
        return '' if fields[0] in 'ZX' else fields[19]  # dead, and nobody has asked how it ended
    return ''


def other_owner(work_dir: str | Path) -> Owner | None:
    """The living process other than this one that trains in a work dir, if there is one."""
    try:
        path = Path(work_dir, FILE)
        owner, silent = Owner(**json.loads(path.read_text(encoding='utf-8'))), time.time() - path.stat().st_mtime
        other = (owner.pid, owner.host) != (os.getpid(), socket.gethostname())
        return owner if other and owner.lives(silent) else None
    except (OSError, ValueError, TypeError):  # no lock, or one that a killed process had not finished writing
        return None


@contextmanager
def locked(work_dir: str | Path) -> Iterator[Callable[[], None]]:
    """Hold a work dir for this process as long as the block runs, however it ends.

    The lock of a process that was killed on this machine is taken over, and that of one on another machine once it has
    been silent for :data:`SILENCE` seconds, or was the same job of Slurm.

    Yields:
        What is to be called from time to time, as a sign of life.

    Raises:
        LockedError: a living process holds it; the text says which, and what to do.
    """
    path = Path(work_dir, FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    while not _claim(path):
        pass
    try:
        yield _Beat(path)
    finally:
        if other_owner(work_dir) is None:
            path.unlink(missing_ok=True)


class _Beat:
    """Called often, gives a sign of life now and then. No thread does it: loader workers are forked from one."""

    def __init__(self, path: Path) -> None:
        self.path, self.last = path, time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self.last < BEAT:
            return
        self.last = time.monotonic()
        with suppress(OSError):
            os.utime(self.path)


def refuse_if_locked(work_dir: str | Path) -> None:
    """Look before the work starts.

    Raises:
        LockedError: a living process holds the work dir.
    """
    owner = other_owner(work_dir)
    if owner is not None:
        raise LockedError(
            f'another training writes into {work_dir}: process {owner.pid} on {owner.host}, since {owner.started}. '
            'Wait until it ends, or choose another folder with --work-dir. If that process is gone, remove '
            f'{Path(work_dir, FILE)}.'
        )


def _claim(path: Path) -> bool:
    """Write this process into the lock; ``False`` where the file was removed in between and all begins anew."""
    with open(path, 'a+', encoding='utf-8') as file:
        with suppress(ImportError, OSError):  # a system or a disk without: two that start in one instant may both start
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)  # while one looks and writes, others wait; the dead keep nobody waiting
        if not path.exists() or not os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return False
        refuse_if_locked(path.parent)
        file.truncate(0)
        file.write(json.dumps(asdict(Owner.here())))
    return True
