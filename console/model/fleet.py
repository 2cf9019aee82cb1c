"""Many clusters at once, as Azure knows them: one column a fact, one slot a VM, no object per VM.

100,000 VMs as records would cost hundreds of megabytes and a collection of them stops the window;
as columns they are a few dozen. A slot is a VM's number for as long as the fleet knows it.
"""

import enum
import sys
from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from console.model.freshness import Fault

NO_LEVEL = 255  # of a slot that holds no VM
NOT_KNOWN = 0xFFFF_FFFF  # of a number nobody told
UNREADABLE = "unreadable"  # Azure told something of the VM that does not decode


class Kind(enum.Enum):
    """How a column is kept."""

    TEXT = "text"  # nearly every VM has another one: a list of str
    WORD = "word"  # few different ones: numbers into the column's list of words
    NUMBER = "number"
    LEVEL = "level"  # one byte


class Column(msgspec.Struct, frozen=True):
    """``is_searched``: a part of what free text is looked for in."""

    id: str
    kind: Kind
    is_searched: bool = False


COLUMNS: tuple[Column, ...] = (
    Column("name", Kind.TEXT, True),
    Column("address", Kind.TEXT, True),
    Column("vm_id", Kind.TEXT, True),
    Column("subscription", Kind.WORD),
    Column("group", Kind.WORD, True),
    Column("cluster", Kind.WORD),  # ARM id, lower case; empty: Azure does not tell
    Column("location", Kind.WORD),  # custom location's ARM id, lower case
    Column("node", Kind.WORD, True),
    Column("power", Kind.WORD),  # model's PowerState
    Column("provisioning", Kind.WORD),  # model's ProvisioningState
    Column("security", Kind.WORD),  # model's SecurityType
    Column("secure_boot", Kind.WORD),  # On, Off, empty
    Column("vtpm", Kind.WORD),
    Column("agent", Kind.WORD),  # Azure Arc's word on the guest's agent
    Column("error", Kind.WORD),
    Column("doubt", Kind.WORD),  # UNREADABLE, else empty
    Column("owner", Kind.WORD, True),  # value of the tag of that name
    Column("tags", Kind.WORD, True),  # "name=value" separated by "; "
    Column("user", Kind.WORD, True),  # the account made at creation
    Column("os", Kind.WORD),
    Column("processors", Kind.NUMBER),
    Column("memory_mib", Kind.NUMBER),
    Column("level", Kind.LEVEL),  # place in health's HealthLevel, NO_LEVEL: empty slot
)
BY_ID = {column.id: column for column in COLUMNS}
TEXTS = tuple(column.id for column in COLUMNS if column.kind is Kind.TEXT)
WORDS = tuple(column.id for column in COLUMNS if column.kind is Kind.WORD)
SEARCHED = tuple(column.id for column in COLUMNS if column.is_searched)


class FleetCluster(msgspec.Struct, frozen=True, gc=False):
    """A cluster as Azure knows it. ``arm_id`` in lower case; ``nodes`` as it reported them.

    ``contact``: Azure's connectivity word (Connected, NotConnectedRecently, Disconnected, ...);
    ``synced_at``: when the cluster last told Azure anything, by the cluster's own clock.
    """

    arm_id: str
    name: str
    subscription: str
    group: str = ""
    contact: str = ""
    synced_at: float | None = None
    nodes: tuple[str, ...] = ()
    version: str = ""


class FleetReading(msgspec.Struct, frozen=True):
    """How well one subscription was read. ``faults`` beside ``read_at``: a part was left out."""

    subscription: str
    name: str = ""
    read_at: float | None = None
    faults: tuple[Fault, ...] = ()
    is_going_on: bool = False
    interval: float = 120.0

    def is_stale(self, now: float) -> bool:
        """Older than three refresh intervals, as everywhere."""
        return self.read_at is None or now - self.read_at > 3 * self.interval


class FleetPart(msgspec.Struct, frozen=True):
    """Some slots' values, packed. Slots ``first`` to ``first + count``, or those in ``slots``.

    ``columns``: TEXT as UTF-8 lines, WORD and NUMBER as u32 each, LEVEL as bytes; a column that is
    not there did not change. ``words``: what a column's list of words grew by, and from where on.
    All numbers little-endian.
    """

    generation: str
    size: int
    first: int = -1
    count: int = 0
    slots: bytes = b""
    columns: dict[str, bytes] = {}
    words: dict[str, tuple[int, tuple[str, ...]]] = {}

    def numbers(self) -> Sequence[int]:
        """The slots, in the order of the columns' values."""
        if self.first >= 0:
            return range(self.first, self.first + self.count)
        return unpack_numbers(self.slots)


class FleetSnapshot(msgspec.Struct, frozen=True):
    """Everything: one part that holds every slot, beside clusters and readings.

    ``past_mark`` says up to where the fleet's past was written down when this was; empty: not.
    """

    part: FleetPart
    clusters: tuple[FleetCluster, ...] = ()
    readings: tuple[FleetReading, ...] = ()
    past_mark: str = ""


def need_words(words: Sequence[str], numbers: Sequence[int]) -> None:
    """Raises ValueError where a stored column points at words that are not there."""
    if numbers and max(numbers) >= len(words):
        raise ValueError("a column without its words")


def pack_numbers(values: Iterable[int]) -> bytes:
    """Little-endian u32 each."""
    column = values if isinstance(values, array) else array("I", values)
    if sys.byteorder == "big":
        column = array("I", column)
        column.byteswap()
    return column.tobytes()


def unpack_numbers(packed: bytes) -> "array[int]":
    """Raises ValueError for a length that is none of whole numbers."""
    column = array("I")
    column.frombytes(packed)
    if sys.byteorder == "big":
        column.byteswap()
    return column


def pack_texts(values: Sequence[str]) -> bytes:
    """One line each; what would end a line is made a space."""
    joined = "\n".join(values)
    if joined.count("\n") != max(len(values) - 1, 0):
        joined = "\n".join(value.replace("\n", " ") for value in values)
    return joined.encode("utf-8", "replace")


def unpack_texts(packed: bytes, count: int) -> list[str]:
    """Raises ValueError if there are not ``count`` lines."""
    values = packed.decode("utf-8").split("\n") if count else []
    if len(values) != count:
        raise ValueError(f"{len(values)} texts for {count} slots")
    return values


def machine_id(subscription: str, group: str, name: str) -> str:
    """ARM id of a VM's Arc machine; Azure compares ids without regard to case."""
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.HybridCompute/machines/{name}"
    )


class FleetValues(NamedTuple):
    """A part unpacked: ``columns`` by their kind as list of str, ``array("I")`` or bytes."""

    generation: str
    size: int
    slots: Sequence[int]  # a range where the slots follow each other
    columns: "dict[str, list[str] | array[int] | bytes]"
    words: dict[str, tuple[int, tuple[str, ...]]]


def unpack_part(part: FleetPart) -> FleetValues:
    """Raises ValueError for a part that does not fit together, KeyError for an unknown column."""
    slots = part.numbers()
    columns: dict[str, list[str] | array[int] | bytes] = {}
    for name, packed in part.columns.items():
        kind = BY_ID[name].kind
        if kind is Kind.TEXT:
            columns[name] = unpack_texts(packed, len(slots))
        elif kind is Kind.LEVEL:
            columns[name] = packed
        else:
            columns[name] = unpack_numbers(packed)
        if len(columns[name]) != len(slots):
            raise ValueError(f"{name}: {len(columns[name])} values for {len(slots)} slots")
    if len(slots) and max(slots) >= part.size:
        raise ValueError("a slot beyond the end")
    return FleetValues(part.generation, part.size, slots, columns, dict(part.words))
