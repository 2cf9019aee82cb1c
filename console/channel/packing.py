"""Figures of many VMs as packed columns: they change with every reading and would fill the pipe.

Layout, little-endian: version u8, count of GUID keys u32, count of text keys u32; the GUIDs as 16
bytes each; the text keys as u32 length and UTF-8; then for all keys in that order one column each
of CPU percent (u8), memory assigned and memory demanded (u32 MiB), network and storage (u32 KiB a
second). All bits set means not known.
"""

import struct
import sys
import uuid
from array import array
from collections.abc import Iterable

import msgspec

from console.channel.frames import ChannelBroken
from console.channel.messages import SnapshotChanged
from console.model.snapshot import SnapshotDelta
from console.model.virtual_machine import VmMetrics

_VERSION = 2
_HEAD = struct.Struct("<BII")
_TEXT_LENGTH = struct.Struct("<I")
_GUID_BYTES = 16
_NO_CPU = 0xFF
_NOT_KNOWN = 0xFFFF_FFFF
_U32_COLUMNS = 4
_COLUMN_BYTES = 1 + 4 * _U32_COLUMNS

Metrics = tuple[tuple[str, VmMetrics], ...]


def pack_metrics(metrics: Iterable[tuple[str, VmMetrics]]) -> bytes:
    """Columns of these figures. Figures outside the columns' range are cut to its ends."""
    guids: list[bytes] = []
    texts: list[bytes] = []
    of_guids: list[VmMetrics] = []
    of_texts: list[VmMetrics] = []
    for key, figures in metrics:
        raw = _guid_bytes(key)
        if raw is not None:
            guids.append(raw)
            of_guids.append(figures)
        else:
            text = key.encode()
            texts.append(_TEXT_LENGTH.pack(len(text)) + text)
            of_texts.append(figures)
    rows = of_guids + of_texts
    return b"".join(
        (
            _HEAD.pack(_VERSION, len(guids), len(texts)),
            *guids,
            *texts,
            bytes(_within(row.cpu_percent, _NO_CPU) for row in rows),
            _u32_column(row.memory_assigned_mib for row in rows),
            _u32_column(row.memory_demand_mib for row in rows),
            _u32_column(row.network_kib_s for row in rows),
            _u32_column(row.storage_kib_s for row in rows),
        )
    )


def unpack_metrics(packed: bytes) -> Metrics:
    """What ``pack_metrics`` packed. Raises ChannelBroken on bytes that are not its layout."""
    try:
        version, guid_count, text_count = _HEAD.unpack_from(packed)
        if version != _VERSION:
            raise ChannelBroken(f"packed figures of version {version}")
        keys, at = _unpack_keys(packed, guid_count, text_count)
    except (struct.error, UnicodeDecodeError, ValueError) as error:
        raise ChannelBroken(f"packed figures do not decode: {error}") from error
    count = len(keys)
    if len(packed) != at + count * _COLUMN_BYTES:
        raise ChannelBroken("packed figures have the wrong length")
    cpu = packed[at : at + count]
    at += count
    columns = [
        _u32_values(packed[at + 4 * number * count : at + 4 * (number + 1) * count])
        for number in range(_U32_COLUMNS)
    ]
    return tuple(
        (
            key,
            VmMetrics(
                None if cpu[row] == _NO_CPU else cpu[row],
                *(None if column[row] == _NOT_KNOWN else column[row] for column in columns),
            ),
        )
        for row, key in enumerate(keys)
    )


def packed_change(delta: SnapshotDelta) -> SnapshotChanged:
    """The message for a delta, its figures packed."""
    if not delta.metrics:
        return SnapshotChanged(delta)
    return SnapshotChanged(
        msgspec.structs.replace(delta, metrics=()), packed_metrics=pack_metrics(delta.metrics)
    )


def unpacked_change(message: SnapshotChanged) -> SnapshotDelta:
    """The delta that ``packed_change`` got. Raises ChannelBroken."""
    if not message.packed_metrics:
        return message.delta
    return msgspec.structs.replace(message.delta, metrics=unpack_metrics(message.packed_metrics))


def _guid_bytes(key: str) -> bytes | None:
    """The 16 bytes of a key in the canonical form of a GUID, so that it comes back as it was."""
    if len(key) != 36:
        return None
    try:
        guid = uuid.UUID(key)
    except ValueError:
        return None
    return guid.bytes if str(guid) == key else None


def _unpack_keys(packed: bytes, guid_count: int, text_count: int) -> tuple[list[str], int]:
    """The keys, and where the columns begin."""
    at = _HEAD.size
    if len(packed) < at + guid_count * _GUID_BYTES + text_count * _TEXT_LENGTH.size:
        raise ValueError("fewer bytes than keys")
    keys: list[str] = []
    for _ in range(guid_count):
        keys.append(str(uuid.UUID(bytes=packed[at : at + _GUID_BYTES])))
        at += _GUID_BYTES
    for _ in range(text_count):
        (length,) = _TEXT_LENGTH.unpack_from(packed, at)
        at += _TEXT_LENGTH.size
        if len(packed) < at + length:
            raise ValueError("a key is cut")
        keys.append(packed[at : at + length].decode())
        at += length
    return keys, at


def _within(value: int | None, none: int) -> int:
    return none if value is None else min(max(value, 0), none - 1)


def _u32_column(values: Iterable[int | None]) -> bytes:
    column = array("I", (_within(value, _NOT_KNOWN) for value in values))
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def _u32_values(column: bytes) -> "array[int]":
    values = array("I")
    values.frombytes(column)
    if sys.byteorder == "big":
        values.byteswap()
    return values
