"""Where each connection's worker keeps its journal: a folder has one writer, so each has its own.

The first connection of a state folder lives in the folder itself, as before there could be several;
every other one in ``connections/``. Once settled it never changes, or a restart would look for
unfinished operations in the wrong journal.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

_FOLDER = "connections"
_FIRST = "first-connection"

HasUnfinished = Callable[[Path, str], bool]


def known(state: Path, connection_id: str) -> Path | None:
    """Its home where that is settled already: reads one small file at most."""
    own = _own(state, connection_id)
    if own.is_dir():
        return own
    return state if _first(state) == own.name else None


def settle(state: Path, connection_id: str, has_unfinished: HasUnfinished) -> Path:
    """Its home, settled now if it was not. Raises OSError.

    ``has_unfinished`` tells whether a folder's journal holds operations of a connection that did
    not end: journals of before may hold several connections, and what is under way stays there.
    """
    there = known(state, connection_id)
    if there is not None:
        return there
    own = _own(state, connection_id)
    if not _first(state):
        _write(state / _FIRST, own.name)
        return state
    if has_unfinished(state, connection_id):
        return state
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    return own


def every(state: Path) -> tuple[Path, ...]:
    """All homes that there are, the state folder itself first."""
    return (state, *sorted(path for path in (state / _FOLDER).glob("*") if path.is_dir()))


def numbered(path: Path, number: int) -> Path:
    """One file a home: the first keeps its name, the others are numbered from 2."""
    return path if number == 0 else path.with_stem(f"{path.stem}-{number + 1}")


def _own(state: Path, connection_id: str) -> Path:
    """The id is data and never part of a path."""
    digest = hashlib.sha256(connection_id.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return state / _FOLDER / digest


def _first(state: Path) -> str:
    try:
        return (state / _FIRST).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _write(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".first-")
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(name, path)
