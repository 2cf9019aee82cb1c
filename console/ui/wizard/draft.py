"""What was typed into the wizard so far, without any secret; kept on disk across a crash."""

import contextlib
import os
import tempfile
from pathlib import Path

import msgspec

FILE = "wizard-draft.json"
# Of a creation that is made again: it must not take the place of a draft that was kept before.
AGAIN_FILE = "wizard-draft-again.json"
_UNREADABLE = "wizard-draft.unreadable.json"


class DiskRow(msgspec.Struct):
    """A new data disk; ``storage_path_id`` empty: beside the VM."""

    name: str = ""
    size_gib: int = 128
    is_dynamic: bool = True
    storage_path_id: str = ""


class ExistingDiskRow(msgspec.Struct):
    """A disk that is there already, by its ARM id; empty while none is chosen in the row."""

    arm_id: str = ""


class TagRow(msgspec.Struct):
    name: str = ""
    value: str = ""


class Draft(msgspec.Struct):
    """One attribute a field. Secrets are kept apart, in memory only."""

    name: str = ""
    subscription_id: str = ""
    resource_group: str = ""
    custom_location_id: str = ""
    # "id:<ARM id>" of an image on the cluster, or "offer:<publisher>/<offer>/<sku>".
    image: str = ""
    secure_boot: bool = True
    vtpm: bool = True
    processors: int = 4
    memory_gib: int = 8
    is_dynamic: bool = False
    memory_minimum_gib: int = 2
    memory_maximum_gib: int = 16
    memory_buffer: int = 20
    storage_path_id: str = ""
    data_disks: list[DiskRow] = []
    existing_disks: list[ExistingDiskRow] = []
    admin_username: str = ""
    computer_name: str = ""
    ssh_keys: str = ""  # public keys, one a line
    joins_domain: bool = False
    domain: str = ""
    organizational_unit: str = ""
    domain_user: str = ""
    interface_id: str = ""  # ARM id of an existing interface; empty: a new one
    logical_network_id: str = ""
    has_fixed_address: bool = False
    address: str = ""
    dns_servers: str = ""
    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: str = ""
    trusted_ca: str = ""  # PEM, public
    guest_management: bool = True
    tags: list[TagRow] = []


class Kept(msgspec.Struct, frozen=True):
    """What was found on disk: a draft or None, the file it is in, and what is to be told of it."""

    draft: Draft | None = None
    note: str = ""
    file: str = FILE


def save(folder: Path, draft: bytes, file: str = FILE) -> None:
    """Write an ``encoded`` draft, all or nothing, for this user only. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=folder, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(draft)
        os.replace(name, folder / file)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def encoded(draft: Draft) -> bytes:
    """As it is now: it may change while a thread writes it."""
    return msgspec.json.encode(draft)


def load(folder: Path) -> Kept:
    """The kept draft if there is one that can be read; a broken one is set aside, and said."""
    note = ""
    for file in (FILE, AGAIN_FILE):
        try:
            return Kept(msgspec.json.decode((folder / file).read_bytes(), type=Draft), note, file)
        except FileNotFoundError:
            continue
        except OSError as error:
            note = f"A kept draft could not be read ({error.strerror or 'no reason given'})."
        except (msgspec.MsgspecError, UnicodeDecodeError):
            note = "A kept draft was damaged and could not be read."
            with contextlib.suppress(OSError):
                os.replace(folder / file, folder / _UNREADABLE)
                note = f"{note} It is set aside as {_UNREADABLE} in {folder}."
    return Kept(note=note)


def forget(folder: Path, file: str = FILE) -> None:
    with contextlib.suppress(OSError):
        (folder / file).unlink()
