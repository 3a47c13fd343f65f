"""Keeps the device's few small documents through power cuts: TinyDB on a storage that never half-writes.

TinyDB's own JSON storage rewrites its file in place; most simulated power cuts leave that unreadable.
Here each version is written beside the file, flushed to the disk, and renamed over it. Every file
carries its checksum, and the version before stays as a backup that a damaged file is replaced from.
"""

import errno
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from threading import RLock
from typing import Any

import structlog
from tinydb import TinyDB, where
from tinydb.storages import Storage

from kiosk.errors import DocumentsDamaged, StorageFull

_log = structlog.get_logger(__name__)

_FULL = {errno.ENOSPC, errno.EDQUOT}
_DIGEST = 64
"""Length of the hexadecimal SHA-256 in a file's first line."""

Content = dict[str, dict[str, Any]]


class Disk:
    """The four things that are asked of the file system; tests pass one that fails in between."""

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def write(self, path: Path, data: bytes) -> None:
        """Write a file that only its owner may read, and return when it is on the disk."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def rename(self, source: Path, target: Path) -> None:
        source.replace(target)

    def sync_folder(self, folder: Path) -> None:
        """Return when the folder's entries, and so the renames in it, are on the disk."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class SafeStorage(Storage):
    """A TinyDB storage: at any moment the file holds one whole version, the old or the new one.

    Raises:
        DocumentsDamaged: on opening, neither the file nor its backup can be read; both are left alone.
    """

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self._path = path
        self._backup = path.with_name(path.name + ".backup")
        self._disk = disk or Disk()
        self._recover()

    def read(self) -> Content | None:
        """Return what is kept, or None before the first write."""
        if not self._path.exists():
            return None
        content = self._checked(self._path)
        if content is None:
            raise self._damaged()
        return content

    def write(self, data: Content) -> None:
        """Put ``data`` in place of what was kept.

        Raises:
            StorageFull: there is no room; what was kept is still there.
        """
        packed = _pack(data)
        try:
            self._keep_backup()
            self._install(packed, self._path)
        except OSError as error:
            if error.errno in _FULL:
                raise StorageFull(error.errno, f"no room left to write {self._path}") from error
            raise

    def _keep_backup(self) -> None:
        # A file that went bad since it was opened must not replace a backup that is good.
        if self._path.exists() and self._checked(self._path) is not None:
            self._install(self._disk.read(self._path), self._backup)

    def _install(self, data: bytes, path: Path) -> None:
        temporary = path.with_name(path.name + ".new")
        self._disk.write(temporary, data)
        self._disk.rename(temporary, path)
        self._disk.sync_folder(path.parent)

    def _recover(self) -> None:
        if self._path.exists() and self._checked(self._path) is not None:
            return
        if not self._path.exists() and not self._backup.exists():
            return
        if not self._backup.exists() or self._checked(self._backup) is None:
            raise self._damaged()
        _log.error("documents_restored_from_backup", file=str(self._path), backup=str(self._backup))
        self._install(self._disk.read(self._backup), self._path)

    def _checked(self, path: Path) -> Content | None:
        return _unpack(self._disk.read(path))

    def _damaged(self) -> DocumentsDamaged:
        return DocumentsDamaged(
            f"neither {self._path} nor its backup {self._backup.name} can be read. Nothing was changed. "
            "Put a good copy of the file back, or move both away to begin anew: without its profile "
            "the kiosk must be enrolled again."
        )


class Documents:
    """Named JSON documents in one file, to be written by one process. Safe to use from several threads."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self._lock = RLock()
        self._table = TinyDB(path, disk, storage=SafeStorage).table("documents", cache_size=0)

    def get(self, name: str) -> dict[str, Any] | None:
        """Return the document, or None when there is none of this name."""
        with self._lock:
            found = self._table.search(where("name") == name)
        return dict(found[0]["document"]) if found else None

    def put(self, name: str, document: Mapping[str, Any]) -> None:
        """Keep ``document`` (JSON values) under ``name``, in place of what was there.

        Raises:
            StorageFull: there is no room; the old document is still there.
        """
        with self._lock:
            self._table.upsert({"name": name, "document": dict(document)}, where("name") == name)

    def delete(self, name: str) -> None:
        """Forget the document; none of this name is no error."""
        with self._lock:
            self._table.remove(where("name") == name)


def _pack(content: Content) -> bytes:
    body = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def _unpack(data: bytes) -> Content | None:
    head, body = data[: _DIGEST + 1], data[_DIGEST + 1 :]
    if hashlib.sha256(body).hexdigest().encode() + b"\n" != head:
        return None
    content: Content = json.loads(body)
    return content
