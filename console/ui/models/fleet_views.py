"""Views of the fleet that have a name: a search text each; the person's own are kept in a file."""

import contextlib
import os
import tempfile
from pathlib import Path

import msgspec

_FILE = "fleet-views.json"


class SavedView(msgspec.Struct, frozen=True):
    """``text`` is what the search line says; ``sort`` a column id, empty: Azure's order."""

    name: str
    text: str
    sort: str = ""
    is_descending: bool = False


BUILT_IN: tuple[SavedView, ...] = (
    SavedView("Every VM", ""),
    SavedView("Red", "health:critical"),
    SavedView("Needs attention", "health:notable", "level"),
    SavedView("Not Trusted launch", "-security:TrustedLaunch"),
    SavedView("Secure Boot or vTPM off", "security:TrustedLaunch secureboot:Off"),
    SavedView("Off", "health:off"),
    SavedView("Failed in Azure", "provisioning:Failed"),
    SavedView("Agent silent", "agent:Disconnected"),
)


def load(folder: Path) -> tuple[SavedView, ...]:
    """The person's own; none where there is no file that can be read."""
    try:
        return msgspec.json.decode((folder / _FILE).read_bytes(), type=tuple[SavedView, ...])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return ()


def save(folder: Path, views: tuple[SavedView, ...]) -> None:
    """Write all or nothing. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=folder, prefix=".fleet-views-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(views)))
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, folder / _FILE)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
