"""When this person last looked at a connection's operations, on disk so that a crash keeps it."""

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

import msgspec


class LastLook(msgspec.Struct, frozen=True):
    """``at``: wall-clock seconds; ``owed``: operations that were told of and not dismissed yet."""

    at: float
    owed: tuple[str, ...] = ()


def path_for(folder: Path, connection_id: str) -> Path:
    """Where it lies; the id is data and never part of a path."""
    digest = hashlib.sha256(connection_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return folder / f"last-look-{digest}.json"


def load(folder: Path, connection_id: str) -> LastLook | None:
    """None where nobody looked yet, or what is there cannot be read: then nothing is told."""
    try:
        return msgspec.json.decode(path_for(folder, connection_id).read_bytes(), type=LastLook)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def save(folder: Path, connection_id: str, look: LastLook) -> None:
    """Write all or nothing, for this user only. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=folder, prefix=".last-look-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(look))
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path_for(folder, connection_id))
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
