"""The last snapshot of a connection as a file, so that the window opens with what was known.

It holds no secret: a snapshot has none. A file that does not decode is as good as none: it is a
copy of what the cluster says anyway.
"""

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

import msgspec

from console.model.snapshot import ClusterSnapshot

_FORMAT = 1


class _Stored(msgspec.Struct, frozen=True):
    format: int
    connection_id: str
    snapshot: ClusterSnapshot


_decoder = msgspec.msgpack.Decoder(_Stored)


def path_for(folder: Path, connection_id: str) -> Path:
    """Where the snapshot of this connection lies; the id is data and never part of a path."""
    digest = hashlib.sha256(connection_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return folder / f"snapshot-{digest}.msgpack"


def save(folder: Path, connection_id: str, snapshot: ClusterSnapshot) -> None:
    """Write all or nothing, durable, readable by this user only. Raises OSError."""
    payload = msgspec.msgpack.encode(_Stored(_FORMAT, connection_id, snapshot))
    handle, name = tempfile.mkstemp(dir=folder, prefix=".snapshot-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path_for(folder, connection_id))
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def load(folder: Path, connection_id: str) -> ClusterSnapshot | None:
    """The stored snapshot, or None if there is none that this version can read."""
    try:
        stored = _decoder.decode(path_for(folder, connection_id).read_bytes())
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if stored.format != _FORMAT or stored.connection_id != connection_id:
        return None
    return stored.snapshot
