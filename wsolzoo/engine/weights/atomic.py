"""Files that are either the old one or the new one, never half of the new one."""

import io
import os
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from mmengine.fileio import LocalBackend, register_backend


class AtomicLocalBackend(LocalBackend):
    """MMEngine's local files, written beside their place, synchronised, and moved into it.

    A process that is killed while it saves a checkpoint, or a disk that fills up, leaves the previous file as it was.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes.

        Raises:
            OSError: the disk is full or the folder not writable; what was there before is untouched.
        """
        path = Path(filepath)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
        try:
            with os.fdopen(handle, 'wb') as file:
                file.write(obj)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """Write text."""
        self.put(obj.encode(encoding), filepath)


def save_named_after_hash(value: Any, stem: Path) -> Path:
    """Write ``{stem}-{first 8 digits of the SHA-256}.pth``; the same weights give the same file."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    path = stem.with_name(f'{stem.name}-{sha256(buffer.getvalue()).hexdigest()[:8]}.pth')
    AtomicLocalBackend().put(buffer.getvalue(), path)
    return path


def install() -> None:
    """Make MMEngine write every local file through :class:`AtomicLocalBackend`."""
    register_backend('local', AtomicLocalBackend, force=True, prefixes='')


def remove_half_written(folder: str | Path) -> None:
    """Remove what a killed process was writing beside checkpoints; only for the one process that writes there."""
    for path in Path(folder).glob('.*.pth.*'):
        path.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
