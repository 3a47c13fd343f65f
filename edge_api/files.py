"""Files that nobody else on the machine may read: secrets, the database, cards."""

import os
from pathlib import Path


def make_private_folder(path: Path) -> Path:
    """Make the folder (0700) unless it is there, and return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, content: bytes) -> None:
    """Write a 0600 file whole or not at all: never readable by others, never half there."""
    make_private_folder(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def create_private(path: Path) -> None:
    """Make an empty 0600 file unless it is there, so that whoever opens it next keeps the mode."""
    make_private_folder(path.parent)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def is_private(path: Path) -> bool:
    """Tell whether only the file's owner may read it."""
    return not path.stat().st_mode & 0o077
