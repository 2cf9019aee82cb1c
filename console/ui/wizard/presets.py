"""Presets: a draft without what belongs to one VM, as a file to keep and to share. No secrets."""

import contextlib
import errno
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from console.model.inventory import Inventory
from console.ui.wizard import flow
from console.ui.wizard.again import usable_here
from console.ui.wizard.draft import Draft

FORMAT, VERSION = "trusted-launch-console vm preset", 1
SUFFIX = ".vm-preset.json"
_LARGEST = 256 * 1024
_MOST_NAME = 60
# What belongs to one VM alone.
OWN = ("name", "computer_name", "address", "has_fixed_address", "interface_id", "existing_disks")


class PresetError(Exception):
    """Why a file cannot be taken, as a sentence."""


class Preset(msgspec.Struct, frozen=True):
    """``draft`` holds the defaults in the fields of ``OWN``."""

    name: str
    draft: Draft


class _File(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    version: int
    name: str
    values: dict[str, Any]


def preset_of(name: str, draft: Draft) -> Preset:
    """The draft as a preset; the draft itself is left alone."""
    values = {key: value for key, value in msgspec.to_builtins(draft).items() if key not in OWN}
    return Preset(name, msgspec.convert(values, Draft))


def why_no_name(name: str) -> str:
    """What is wrong with a preset's name; empty if nothing is."""
    if not name.strip():
        return "Give the preset a name."
    if len(name) > _MOST_NAME:
        return f"Use at most {_MOST_NAME} characters."
    return "" if name.isprintable() else "The name holds signs that cannot be seen."


def encoded(preset: Preset) -> bytes:
    values = {k: v for k, v in msgspec.to_builtins(preset.draft).items() if k not in OWN}
    whole = _File(FORMAT, VERSION, preset.name, values)
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def decoded(data: bytes) -> Preset:
    """Raises PresetError in words a person can act on; nothing of a doubtful file is taken."""
    if len(data) > _LARGEST:
        raise PresetError("The file is far too large for a preset.")
    try:
        plain = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PresetError("The file is no preset: it is not JSON.") from error
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise PresetError("The file is no preset of this console.")
    version = plain.get("version")
    if isinstance(version, int) and version > VERSION:
        raise PresetError(
            f"The preset was made by a newer console (version {version}); this one reads {VERSION}."
        )
    try:
        whole = msgspec.convert(plain, _File)
    except msgspec.ValidationError as error:
        raise PresetError(f"The preset is not complete or not right: {error}.") from error
    if whole.version != VERSION:
        raise PresetError(f"The preset has a version that never was: {whole.version}.")
    _demand_known(whole.values)
    if wrong := why_no_name(whole.name):
        raise PresetError(f"The preset's name is not right: {wrong}")
    try:
        return Preset(whole.name, msgspec.convert(whole.values, Draft))
    except msgspec.ValidationError as error:
        raise PresetError(f"A value of the preset is not right: {error}.") from error


def _demand_known(values: dict[str, Any]) -> None:
    for key in values:
        if "password" in key.casefold():
            raise PresetError(f"The preset holds {key!r}. Presets never hold passwords: remove it.")
        if key in OWN or key not in Draft.__struct_fields__:
            raise PresetError(f"The preset holds {key[:60]!r}, which this console does not know.")


def applied(preset: Preset, draft: Draft, inventory: Inventory) -> tuple[Draft, str]:
    """The draft with the preset's values, its own kept; and a sentence on what was not taken."""
    kept = {key: getattr(draft, key) for key in OWN}
    copy = msgspec.convert(msgspec.to_builtins(preset.draft), Draft)
    made = msgspec.structs.replace(copy, **kept)
    wished = msgspec.to_builtins(made)
    usable_here(made, inventory)
    if not flow.has_fixed_address(made, inventory):
        made.has_fixed_address, made.address = False, ""
    changed = [
        one.label.replace("&", "").lower()
        for one in flow.FIELDS.values()
        if one.wanted and wished[one.name] and getattr(made, one.name) != wished[one.name]
    ]
    note = f"Filled in from the preset {preset.name}."
    if changed:
        note += f" Not offered here, so chosen anew: {', '.join(changed)}."
    return made, note


# -- disk: for the file thread -----------------------------------------------------------------
def listed(folder: Path) -> tuple[Preset, ...]:
    """Every preset that can be read, by name; files that cannot are left alone."""
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with contextlib.suppress(OSError, PresetError):
            found.append(decoded(_read(path)))
    return tuple(sorted(found, key=lambda one: one.name.casefold()))


def read(path: Path) -> Preset | PresetError:
    """From any place. Raises OSError; what is wrong with the content is an answer."""
    try:
        return decoded(_read(path))
    except PresetError as error:
        return error


def write(path: Path, preset: Preset, *, is_new: bool = False) -> None:
    """All or nothing. Raises OSError; FileExistsError if it ``is_new`` and the name is taken."""
    if is_new and path.exists():
        raise FileExistsError(errno.EEXIST, "It exists already", str(path))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as error:
        # The folder's place is taken by a file: not the preset is what exists.
        raise NotADirectoryError(errno.ENOTDIR, "Not a folder", str(path.parent)) from error
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".preset-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(encoded(preset))
        os.replace(name, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def path_of(folder: Path, name: str) -> Path:
    """Where the preset of this name is kept: letters and digits of it, and its length apart."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:_MOST_NAME]
    mark = format(sum(map(ord, name.casefold())) % 4096, "03x")
    return folder / f"{plain or 'preset'}-{mark}{SUFFIX}"


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_LARGEST + 1)
