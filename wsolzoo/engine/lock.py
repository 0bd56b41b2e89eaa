"""One training at a time in a work dir: a file says which process writes there."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from wsolzoo.errors import UserError

FILE = '.training.lock'


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
    """

    pid: int
    host: str
    started: str
    born: str = ''

    @classmethod
    def here(cls) -> 'Owner':
        """This process."""
        return cls(os.getpid(), socket.gethostname(), datetime.now(timezone.utc).isoformat(' ', 'seconds'), born_at())

    def lives(self) -> bool:
        """Whether the process may still be there; of another machine's nothing is known, so it may."""
        if self.host != socket.gethostname():
            return True
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
        owner = Owner(**json.loads(Path(work_dir, FILE).read_text(encoding='utf-8')))
        other = (owner.pid, owner.host) != (os.getpid(), socket.gethostname())
        return owner if other and owner.lives() else None
    except (OSError, ValueError, TypeError):  # no lock, or one that a killed process had not finished writing
        return None


@contextmanager
def locked(work_dir: str | Path) -> Iterator[None]:
    """Hold a work dir for this process as long as the block runs, however it ends.

    The lock of a process that was killed on this machine is taken over.

    Raises:
        LockedError: a living process holds it; the text says which, and what to do.
    """
    path = Path(work_dir, FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    while not _claim(path):
        pass
    try:
        yield
    finally:
        if other_owner(work_dir) is None:
            path.unlink(missing_ok=True)


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
