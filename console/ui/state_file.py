"""A small record of this person about one connection, on disk: all or nothing, this user only."""

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")


def path_for(folder: Path, name: str, connection_id: str) -> Path:
    """Where it lies; the connection's id is data and never part of a path."""
    digest = hashlib.sha256(connection_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return folder / f"{name}-{digest}.json"


def load(path: Path, kind: type[T]) -> T | None:
    """None where there is none, or none that this version can read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def save(path: Path, record: object) -> None:
    """Write it durably. Raises OSError."""
    write(path, msgspec.json.encode(record))


def write(path: Path, payload: bytes) -> None:
    """Whole or not at all: what was there stays where it cannot be. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
