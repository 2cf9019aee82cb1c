"""The fleet as it was last, in one columnar file: 100,000 VMs are on the screen at once.

It holds no secret. A file that does not decode is as good as none: Azure tells it all again.
"""

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

import msgspec

from console.model.fleet import FleetSnapshot

_FORMAT = 1


class _Stored(msgspec.Struct, frozen=True):
    format: int
    connection_id: str
    snapshot: FleetSnapshot


_decoder = msgspec.msgpack.Decoder(_Stored)


def path_for(folder: Path, connection_id: str) -> Path:
    """Where it lies; the id is data and never part of a path."""
    digest = hashlib.sha256(connection_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return folder / f"fleet-{digest}.msgpack"


def save(folder: Path, connection_id: str, snapshot: FleetSnapshot) -> None:
    """Write all or nothing, durable, readable by this user only. Raises OSError."""
    payload = msgspec.msgpack.encode(_Stored(_FORMAT, connection_id, snapshot))
    handle, name = tempfile.mkstemp(dir=folder, prefix=".fleet-")
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


def load(folder: Path, connection_id: str) -> FleetSnapshot | None:
    """The stored fleet, or None if there is none that this version can read."""
    try:
        stored = _decoder.decode(path_for(folder, connection_id).read_bytes())
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if stored.format != _FORMAT or stored.connection_id != connection_id:
        return None
    return stored.snapshot
