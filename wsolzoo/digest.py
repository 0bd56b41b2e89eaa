"""The fingerprint of a file."""

from hashlib import sha256
from pathlib import Path


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits; a file of any size is read piece by piece."""
    found = sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()
