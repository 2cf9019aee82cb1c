"""Which VMs of the fleet the table shows and in what order, worked out in slices.

The order is kept while data refresh: a row moves only when the person sorts or searches anew. VMs
that come to match join at the end; those that no longer match leave.
"""

import heapq
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from console.health.fleet import LEVELS
from console.model.fleet import NO_LEVEL, NOT_KNOWN
from console.ui.fleet_store import FleetStore
from console.ui.models.fleet_query import STEP, Test, compiled, parse, passing, search
from console.ui.models.query_terms import Query
from console.ui.models.vm_columns import natural
from console.ui.slices import Slices

_TIDY_MS = 250
_RUN = 1_000  # rows sorted in one go
_MERGE = 500


class FleetRows(QObject):
    """``visible``: slots in order. Signals: ``rows_changed()``: ``visible`` is another list;
    ``cells_changed(slots)``: values of these changed, the rows stay where they are.
    """

    rows_changed = Signal()
    cells_changed = Signal(object)

    def __init__(self, store: FleetStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.visible: array[int] = array("I")
        self.query = Query()
        self.text = ""
        self.sorting: tuple[str, bool] = ("", False)  # column id, whether it runs downwards
        self._order: array[int] = array("I")  # every VM, sorted
        self.shown = bytearray()  # by slot: 1 where it is in ``visible``
        self._is_found_whole = False  # ``visible`` is all that ``query`` finds
        self._work = Slices(self)
        self._ordered = bytearray()  # by slot: 1 where it is in ``_order``
        self._compiled: tuple[object, list[Test]] = (None, [])
        self._is_ordered = False
        self._has_missed = self._has_leaving = False
        self._tidy = QTimer(self, singleShot=True, interval=_TIDY_MS)
        self._tidy.timeout.connect(self._on_tidy)
        store.replaced.connect(self._on_replaced)
        store.slots_changed.connect(self._on_changed)
        self._on_replaced()

    @property
    def is_working(self) -> bool:
        return self._work.is_working

    def finish(self) -> None:
        """Have the present search or sort done now."""
        self._work.finish()

    def is_shown(self, slot: int) -> bool:
        return slot < len(self.shown) and bool(self.shown[slot])

    def search(self, text: str) -> None:
        """Find what this says; the answer comes as ``rows_changed`` a few slices later."""
        self.text = text
        query = parse(text)
        if query == self.query and self._is_found_whole:
            return
        is_narrower = self._is_found_whole and query.narrows(self.query)
        self.query = query
        if not self._is_ordered:
            # Typed before the first order stood: that work was not for nothing.
            self._work.begin(self._sort_and_search(), self._tell)
            return
        # A copy: the list itself grows while data refresh.
        among = array("I", self.visible) if is_narrower else array("I", self._order)
        self._is_found_whole = False
        self._work.begin(self._search(among), self._tell)

    def sort_by(self, column: str, is_descending: bool) -> None:
        self.sorting = (column, is_descending)
        self._is_found_whole = False
        self._work.begin(self._sort_and_search(), self._tell)

    # -- work in slices ------------------------------------------------------------------------
    def _search(self, among: "array[int]") -> Iterator[None]:
        found: array[int] = array("I")
        shown = bytearray(self._store.size)
        marked = 0
        for _ in search(self._store, self.query, among, found):
            for slot in found[marked:]:
                shown[slot] = 1
            marked = len(found)
            yield
        shown.extend(bytes(self._store.size - len(shown)))
        self.visible, self.shown = found, shown
        self._is_found_whole = True

    def _tell(self) -> None:
        if self._has_missed:
            self._start_tidying()
        self.rows_changed.emit()

    def _sort_and_search(self) -> Iterator[None]:
        column, is_descending = self.sorting
        self._is_ordered = False
        slots = array("I")
        for start in range(0, self._store.size, STEP):
            levels = self._store.levels[start : start + STEP]
            slots.extend(start + at for at, level in enumerate(levels) if level != NO_LEVEL)
            yield
        if column:
            ordered: array[int] = array("I")
            work = self._by_text if column in self._store.texts else self._by_rank
            yield from work(column, slots, ordered)
            slots = ordered[::-1] if is_descending else ordered
        self._order, self._is_ordered = slots, True
        self._ordered = bytearray(self._store.size)
        for slot in slots:
            self._ordered[slot] = 1
        yield
        yield from self._search(array("I", slots))

    def _by_text(self, column: str, slots: "array[int]", ordered: "array[int]") -> Iterator[None]:
        """Short runs are sorted, then merged: no single step is longer than a frame's part."""
        texts = self._store.texts[column]
        runs = []
        for start in range(0, len(slots), _RUN):
            pairs = [(natural(texts[slot]), slot) for slot in slots[start : start + _RUN]]
            yield
            pairs.sort()
            runs.append(pairs)
            yield
        merged = heapq.merge(*runs)
        while True:
            some = [slot for _, (_, slot) in zip(range(_MERGE), merged, strict=False)]
            if not some:
                return
            ordered.extend(some)
            yield

    def _by_rank(self, column: str, slots: "array[int]", ordered: "array[int]") -> Iterator[None]:
        """Few different values: each VM goes into the bucket of its own."""
        store = self._store
        values: Sequence[int] = store.levels if column == "level" else store.numbers[column]
        buckets: dict[int, array[int]] = {}
        for start in range(0, len(slots), STEP):
            for slot in slots[start : start + STEP]:
                value = values[slot]
                bucket = buckets.get(value)
                if bucket is None:
                    bucket = buckets[value] = array("I")
                bucket.append(slot)
            yield
        for value in sorted(buckets, key=self._rank(column)):
            ordered.extend(buckets[value])
        yield

    def _rank(self, column: str) -> Callable[[int], Any]:
        store = self._store
        if column == "level":
            return lambda code: -code if code < len(LEVELS) else 1  # worst first
        if column in store.words:
            words = store.words[column]
            if column == "cluster":
                return lambda code: natural(store.cluster_name(code))
            return lambda code: natural(words[code]) or "\U0010ffff"
        return lambda value: value if value != NOT_KNOWN else -1

    # -- what refreshes ------------------------------------------------------------------------
    def _on_replaced(self) -> None:
        self.visible, self._order = array("I"), array("I")
        self.shown, self._ordered = bytearray(self._store.size), bytearray(self._store.size)
        self._is_found_whole = False
        self._work.begin(self._sort_and_search(), self._tell)

    def _on_changed(self, slots: Sequence[int], columns: frozenset[str]) -> None:
        more = self._store.size - len(self.shown)
        if more > 0:
            self.shown.extend(bytes(more))
            self._ordered.extend(bytes(more))
        if "level" in columns:
            ordered, levels = self._ordered, self._store.levels
            fresh = [slot for slot in slots if not ordered[slot] and levels[slot] != NO_LEVEL]
            for slot in fresh:
                ordered[slot] = 1
            self._order.extend(fresh)
        if self._work.is_working:
            # It may have passed these by: they are looked at when it is done.
            self._has_missed = True
            return
        shown = self.shown
        found = self._finds(slots)
        joining = [slot for slot in slots if slot in found and not shown[slot]]
        for slot in joining:
            shown[slot] = 1
        self.visible.extend(joining)
        if any(shown[slot] and slot not in found for slot in slots):
            self._has_leaving = True
            self._start_tidying()
        if joining:
            self.rows_changed.emit()
        else:
            self.cells_changed.emit(slots)

    def _finds(self, slots: Sequence[int]) -> set[int]:
        """Few slots at a time, many times: the terms are looked up once."""
        if self.query.unknown:
            return set()
        store = self._store
        key = (self.query, store.generation, sum(map(len, store.words.values())))
        if self._compiled[0] != key:
            self._compiled = (key, compiled(store, self.query))
        return passing(self._compiled[1], slots)

    def _start_tidying(self) -> None:
        if not self._tidy.isActive():
            self._tidy.start()

    def _on_tidy(self) -> None:
        if self._work.is_working:
            self._start_tidying()
            return
        among = self._order if self._has_missed else self.visible
        self._has_missed = self._has_leaving = False
        self._work.begin(self._search(array("I", among)), self._tell)
