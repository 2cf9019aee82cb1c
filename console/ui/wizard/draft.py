"""What was typed into the wizard so far, without any secret; kept on disk across a crash."""

import contextlib
import os
import tempfile
from pathlib import Path

import msgspec

_FILE = "wizard-draft.json"
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


def save(folder: Path, draft: Draft) -> None:
    """Write all or nothing, for this user only. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=folder, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(draft))
        os.replace(name, folder / _FILE)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def load(folder: Path) -> Draft | None:
    """The kept draft, or None if there is none that can be read; a broken one is set aside."""
    try:
        return msgspec.json.decode((folder / _FILE).read_bytes(), type=Draft)
    except OSError:
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        with contextlib.suppress(OSError):
            os.replace(folder / _FILE, folder / _UNREADABLE)
        return None


def forget(folder: Path) -> None:
    with contextlib.suppress(OSError):
        (folder / _FILE).unlink()
