"""What the window knows of a fleet: columns, never an object per VM.

Owned by the GUI thread. Parts arrive here and nowhere else; they are taken in slices of a frame.
"""

import time
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from console.model.fleet import (
    BY_ID,
    NO_LEVEL,
    NOT_KNOWN,
    SEARCHED,
    TEXTS,
    WORDS,
    FleetCluster,
    FleetReading,
    FleetSnapshot,
    FleetValues,
    Kind,
    need_words,
    unpack_part,
)
from console.ui.models.fleet_facts import NUMBERS, FleetFacts
from console.ui.slices import Slices

# So many slots of a part are taken before the clock is looked at again.
_AT_ONCE = 250


def unpack_whole(snapshot: FleetSnapshot) -> FleetValues:
    """For any thread. Raises ValueError or KeyError if it does not fit together."""
    values = unpack_part(snapshot.part)
    for name in WORDS:
        need_words(values.words.get(name, (0, ()))[1], values.columns[name])  # type: ignore[arg-type]
    return values


class FleetStore(QObject, FleetFacts):
    """Signals: ``replaced()``: look at everything again; ``slots_changed(slots, columns)``: these
    slots have other values in these columns (``level`` also of VMs that came or went), ``slots`` a
    sequence and ``columns`` a frozenset; ``told()``: clusters or readings are others.
    """

    replaced = Signal()
    slots_changed = Signal(object, object)
    told = Signal()

    def __init__(self, parent: QObject | None = None, now: Callable[[], float] = time.time) -> None:
        super().__init__(parent)
        FleetFacts.__init__(self, now)
        self.is_stored = False  # shown from disk, nothing read yet in this session
        self._told_size = 0  # slots that the worker knows
        self._arrived: deque[FleetValues] = deque()
        self._slices = Slices(self)

    # -- taking in -----------------------------------------------------------------------------
    def load_stored(self, snapshot: FleetSnapshot) -> None:
        """What was known last time, at once. Raises ValueError or KeyError if it does not fit."""
        self.load(unpack_whole(snapshot), snapshot)
        self.is_stored = True
        self.replaced.emit()
        self.told.emit()

    def show_moment(self, values: FleetValues, snapshot: FleetSnapshot) -> None:
        """A moment of the past, unpacked by ``unpack_whole`` in another thread."""
        self.load(values, snapshot)
        self.replaced.emit()
        self.told.emit()

    def load(self, values: FleetValues, snapshot: FleetSnapshot) -> None:
        """Hold this; nobody is told."""
        self.clear(values.generation)
        for name in TEXTS:
            self.texts[name] = values.columns[name]  # type: ignore[assignment]
        for name in NUMBERS:
            self.numbers[name] = values.columns[name]  # type: ignore[assignment]
        for name in WORDS:
            self.words[name] = list(values.words.get(name, (0, ()))[1])
        self.levels = bytearray(values.columns["level"])  # type: ignore[arg-type]
        self.count = len(self.levels) - self.levels.count(NO_LEVEL)
        self.haystacks = [""] * len(self.levels)
        self.clusters = {one.arm_id: one for one in snapshot.clusters}
        self.readings = snapshot.readings

    def tell(
        self, clusters: tuple[FleetCluster, ...] | None, readings: tuple[FleetReading, ...]
    ) -> None:
        """How well the fleet is read now."""
        if clusters is not None:
            self.clusters = {one.arm_id: one for one in clusters}
        self.readings = readings
        self.is_stored = False
        if 0 < self._told_size < self.size and not any(one.is_going_on for one in readings):
            # A worker that began anew read everything and knows fewer: the rest is of the old one.
            self.finish()
            rest = range(self._told_size, self.size)
            self._count_levels(self.levels[rest.start :], bytes([NO_LEVEL]) * len(rest))
            self.levels[rest.start :] = bytes([NO_LEVEL]) * len(rest)
            self.slots_changed.emit(rest, frozenset({"level"}))
        self.told.emit()

    def take(self, values: FleetValues) -> None:
        """A part that arrived; many are taken one after the other, a slice of a frame at a time."""
        self._arrived.append(values)
        if not self._slices.is_working:
            self._slices.begin(self._work())

    def finish(self) -> None:
        """Take what has arrived now."""
        self._slices.finish()

    def _work(self) -> Iterator[None]:
        while self._arrived:
            values = self._arrived.popleft()
            if values.generation != self.generation:
                self.clear(values.generation)
                self.replaced.emit()
            self._told_size = values.size
            self._grow(values)
            if isinstance(values.slots, range):
                yield from self._take_run(values, values.slots)
            else:
                yield from self._take_some(values, values.slots)

    def _grow(self, values: FleetValues) -> None:
        for name, (start, grown) in values.words.items():
            self.words[name][start:] = grown
        more = values.size - self.size
        if more > 0:
            for texts in self.texts.values():
                texts.extend([""] * more)
            for name, numbers in self.numbers.items():
                blank = 0 if name in self.words else NOT_KNOWN
                numbers.extend(array("I", [blank]) * more)
            self.levels.extend(bytes([NO_LEVEL]) * more)
            self.haystacks.extend([""] * more)

    def _take_run(self, values: FleetValues, slots: range) -> Iterator[None]:
        """Slots one after the other: whole stretches are compared and copied."""
        for start in range(slots.start, slots.stop, _AT_ONCE):
            stop = min(start + _AT_ONCE, slots.stop)
            low, high = start - slots.start, stop - slots.start
            changed = []
            for name, given in values.columns.items():
                column = self._column(name)
                fresh = given[low:high]
                if column[start:stop] == fresh:
                    continue
                if name == "level":
                    self._count_levels(column[start:stop], fresh)
                column[start:stop] = fresh
                changed.append(name)
            self._tell_changed(range(start, stop), changed)
            yield

    def _take_some(self, values: FleetValues, slots: Sequence[int]) -> Iterator[None]:
        for low in range(0, len(slots), _AT_ONCE):
            some = slots[low : low + _AT_ONCE]
            for name, given in values.columns.items():
                column = self._column(name)
                fresh = given[low : low + _AT_ONCE]
                if name == "level":
                    self._count_levels(bytes([column[slot] for slot in some]), fresh)
                for slot, value in zip(some, fresh, strict=True):
                    column[slot] = value
            self._tell_changed(some, values.columns)
            yield

    def _column(self, name: str) -> Any:
        if name == "level":
            return self.levels
        return self.texts[name] if BY_ID[name].kind is Kind.TEXT else self.numbers[name]

    def _count_levels(self, before: "bytes | bytearray", after: Any) -> None:
        self.count += before.count(NO_LEVEL) - bytes(after).count(NO_LEVEL)

    def _tell_changed(self, slots: Sequence[int], columns: Iterable[str]) -> None:
        names = frozenset(columns)
        if not names:
            return
        if not names.isdisjoint(SEARCHED):
            for slot in slots:
                self.haystacks[slot] = ""
        self.slots_changed.emit(slots, names)
