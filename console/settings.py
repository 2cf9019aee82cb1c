"""Every setting declared once: name, type, default, text. A broken file is set aside."""

import contextlib
import os
import tempfile
import time
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from console.model.freshness import Fault, FaultCode

_FILE = "settings.json"

Text = msgspec.Meta


class OpenTab(msgspec.Struct, frozen=True):
    """A connection that was open: a profile's id, a lab's scenario, or a cluster of a fleet."""

    profile: str
    scenario: str = ""  # of a lab
    site: str = ""  # ARM id, lower case, of a cluster of the profile's fleet
    name: str = ""


class Settings(msgspec.Struct, kw_only=True, forbid_unknown_fields=False):
    """What a person chose. Holds no secret; unknown names of a newer version are ignored."""

    theme: Annotated[
        Literal["system", "light", "dark", "contrast"],
        Text(description="Colours of the window; system follows the desktop's choice."),
    ] = "system"
    confirm_moves: Annotated[
        bool,
        Text(description="Ask before a VM is moved, instead of five seconds in which to undo."),
    ] = False
    window_geometry: Annotated[
        str, Text(description="Size and place of the main window, as Qt encodes it.")
    ] = ""
    window_layout: Annotated[
        str, Text(description="Docks and drawers of the main window, as Qt encodes it.")
    ] = ""
    table_columns: Annotated[
        tuple[str, ...],
        Text(description="Columns of the VM table in their order; none: those at first."),
    ] = ()
    last_view: Annotated[str, Text(description="The view that was open last.")] = "map"
    last_profile: Annotated[
        str, Text(description="The connection that was open last; empty shows the choice.")
    ] = ""
    scenario: Annotated[str, Text(description="The lab's scenario that was open last.")] = "small"
    open_tabs: Annotated[
        tuple[OpenTab, ...], Text(description="The connections that are open, in their order.")
    ] = ()
    current_tab: Annotated[
        int, Text(description="Which of them was looked at last, counted from 0.")
    ] = 0


def load(folder: Path) -> tuple[Settings, Fault | None]:
    """The stored settings, or defaults. A broken file is kept aside and said, never overwritten."""
    path = folder / _FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Settings), None
    except FileNotFoundError:
        return Settings(), None
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError) as error:
        aside = path.with_name(f"settings.damaged-{time.strftime('%Y%m%d-%H%M%S')}.json")
        kept = ""
        with contextlib.suppress(OSError):
            path.replace(aside)
            kept = f"The old file is kept as {aside.name}."
        return Settings(), Fault(
            FaultCode.MALFORMED,
            "The settings file could not be read, so the defaults are in use.",
            remedy="Choose your settings again; nothing else was lost.",
            kept=kept,
            detail=f"{type(error).__name__}: {error}",
            at=time.time(),
        )


def save(folder: Path, settings: Settings) -> None:
    """Write all or nothing: a crash leaves the old file or the new one. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=folder, prefix=".settings-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(settings)))
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, folder / _FILE)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
