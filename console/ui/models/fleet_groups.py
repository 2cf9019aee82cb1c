"""The fleet divided into groups (clusters, subscriptions, owners, ...), with counts by health.

Tree and wall show the same groups. They are worked out in slices; counts follow every change at
once, a VM that belongs elsewhere now moves with the next division.
"""

import itertools
from array import array
from collections.abc import Callable, Iterator, Sequence

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from console.health.fleet import LEVELS
from console.model.fleet import NO_LEVEL
from console.ui.fleet_store import FleetStore
from console.ui.models.vm_columns import natural
from console.ui.slices import Slices

_STEP = 4_000
_DIVIDE_AGAIN_MS = 400
_TELL_MS = 150
# Where every VM has tags of its own, the first ones name the tags that there are.
_MOST_TAGS_LOOKED_AT = 2_000
TAG = "tag:"


class Group(msgspec.Struct):
    """``term``: what the search line says to show exactly these VMs."""

    title: str
    term: str
    key: str
    slots: "array[int]" = msgspec.field(default_factory=lambda: array("I"))
    counts: list[int] = msgspec.field(default_factory=lambda: [0] * len(LEVELS))


# What a fleet can be divided by: id, title, and the search field of it.
GROUPINGS = (
    ("cluster", "Cluster", "cluster"),
    ("subscription", "Subscription", "subscription"),
    ("group", "Resource group", "group"),
    ("owner", "Owner", "owner"),
    ("level", "Health", "health"),
    ("power", "State", "state"),
    ("security", "Security", "security"),
    ("os", "System", "os"),
)
_FIELD = {name: search for name, _, search in GROUPINGS}


class FleetGroups(QObject):
    """Signals: ``divided()``: other groups; ``counted(indexes)``: these groups' counts changed."""

    divided = Signal()
    counted = Signal(object)

    def __init__(self, store: FleetStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.by = "cluster"
        self.groups: list[Group] = []
        self.group_of: array[int] = array("i")  # by slot, -1: in none
        self.place_of: array[int] = array("I")  # by slot, in its group's slots
        self._levels = bytearray()  # as they were counted
        self._work = Slices(self)
        self._again = QTimer(self, singleShot=True, interval=_DIVIDE_AGAIN_MS)
        self._again.timeout.connect(self._divide)
        store.replaced.connect(self._divide)
        store.slots_changed.connect(self._on_changed)
        store.told.connect(self._on_told)
        # Counts are read by people: a few times a second is often enough.
        self._touched: set[int] = set()
        self._telling = QTimer(self, singleShot=True, interval=_TELL_MS)
        self._telling.timeout.connect(self._tell_counted)
        self._names: tuple[str, ...] = ()
        self._divide()

    def divide_by(self, by: str) -> None:
        """A column of ``GROUPINGS``, or ``tag:NAME``."""
        if by != self.by:
            self.by = by
            self._divide()

    def finish(self) -> None:
        self._again.stop()
        self._work.finish()

    def tag_names(self) -> list[str]:
        """Names of tags that VMs of the fleet carry."""
        names = {
            pair.partition("=")[0]
            for word in itertools.islice(self._store.words["tags"], _MOST_TAGS_LOOKED_AT)
            for pair in word.split("; ")
            if "=" in pair
        }
        return sorted(names, key=str.casefold)

    # -- dividing ------------------------------------------------------------------------------
    def _divide(self) -> None:
        self._again.stop()
        self._work.begin(self._division(), self.divided.emit)

    def _division(self) -> Iterator[None]:
        store = self._store
        keys, groups, codes = self._blank_groups()
        size = store.size
        levels = bytes(store.levels)
        group_of, place_of = array("i", [-1]) * size, array("I", bytes(4 * size))
        for start in range(0, size, _STEP):
            slot = start
            # Neighbours mostly belong together: they are taken as one run.
            for code, run in itertools.groupby(codes[start : start + _STEP]):
                stop = slot + len(list(run))
                if code < len(keys):
                    at = keys[code]
                    _enter_run(groups[at], at, range(slot, stop), levels, group_of, place_of)
                slot = stop
            yield
        # Groups without VMs are left out; the others keep their order.
        new_place = [-1] * len(groups)
        kept: list[Group] = []
        for at, group in enumerate(groups):
            if group.slots:
                new_place[at] = len(kept)
                kept.append(group)
        for start in range(0, size, _STEP):
            some = group_of[start : start + _STEP]
            group_of[start : start + _STEP] = array(
                "i", [new_place[at] if at >= 0 else -1 for at in some]
            )
            yield
        self.groups, self.group_of, self.place_of = kept, group_of, place_of
        self._levels = bytearray(levels)

    def _blank_groups(self) -> tuple[list[int], list[Group], Sequence[int]]:
        """For each code of the column the number of its group, and the groups in order."""
        store = self._store
        titles: Callable[[str], str] = lambda word: word or "not told"  # noqa: E731
        by = self.by
        if by == "level":
            # The worst first.
            count = len(LEVELS)
            groups = [
                Group(level.value, f'health:"{level.value}"', level.value)
                for level in reversed(LEVELS)
            ]
            return [count - 1 - at for at in range(count)], groups, store.levels
        if by.startswith(TAG):
            name, words = by.removeprefix(TAG), store.words["tags"]
            column = store.numbers["tags"]
            values = [_tag_value(word, name) for word in words]
            terms = {one: f'tag:"{name}={one}"' if one else f"-tag:{name}=" for one in values}
        else:
            column, values = store.numbers[by], store.words[by]
            terms = {}
            if by == "cluster":
                titles = store.name_of_cluster
            elif by == "subscription":
                titles = store.subscription_name
        if not values:
            return [], [], column
        ordered = sorted(set(values), key=lambda value: (not value, natural(titles(value))))
        places = {value: at for at, value in enumerate(ordered)}
        told = [titles(value) for value in ordered]
        groups = [
            Group(
                title,
                terms.get(value) or _term(by, value, title if told.count(title) == 1 else value),
                value,
            )
            for value, title in zip(ordered, told, strict=True)
        ]
        return [places[value] for value in values], groups, column

    # -- following -----------------------------------------------------------------------------
    def _on_told(self) -> None:
        names = tuple(one.name for one in self._store.clusters.values()) + tuple(
            one.name for one in self._store.readings
        )
        if names != self._names:
            self._names = names
            self._start_again()

    def _start_again(self) -> None:
        if not self._again.isActive():
            self._again.start()

    def _on_changed(self, slots: Sequence[int], columns: frozenset[str]) -> None:
        column = "tags" if self.by.startswith(TAG) else self.by
        if column in columns or self._work.is_working:
            self._start_again()
        if "level" not in columns:
            return
        levels, counted, group_of = self._store.levels, self._levels, self.group_of
        touched = set()
        for slot in slots:
            if slot >= len(counted):
                self._start_again()
                continue
            before, now = counted[slot], levels[slot]
            if before == now:
                continue
            at = group_of[slot]
            if at < 0 or NO_LEVEL in (before, now):
                self._start_again()
                continue
            counts = self.groups[at].counts
            counts[before] -= 1
            counts[now] += 1
            counted[slot] = now
            touched.add(at)
        self._touched |= touched
        if touched and not self._telling.isActive():
            self._telling.start()

    def _tell_counted(self) -> None:
        touched = {at for at in self._touched if at < len(self.groups)}
        self._touched = set()
        if touched:
            self.counted.emit(touched)


def _enter_run(
    group: Group,
    at: int,
    run: range,
    levels: bytes,
    group_of: "array[int]",
    place_of: "array[int]",
) -> None:
    told = levels[run.start : run.stop]
    first = len(group.slots)
    if NO_LEVEL in told:
        alive = [slot for slot in run if levels[slot] != NO_LEVEL]
        for place, slot in enumerate(alive, first):
            group_of[slot], place_of[slot] = at, place
        group.slots.extend(alive)
    else:
        group_of[run.start : run.stop] = array("i", [at]) * len(run)
        place_of[run.start : run.stop] = array("I", range(first, first + len(run)))
        group.slots.extend(run)
    for place in range(len(LEVELS)):
        group.counts[place] += told.count(place)


def _term(by: str, value: str, title: str) -> str:
    """A title that two groups share would show both: then the id stands there."""
    named = title if value or by == "cluster" else ""
    return f'{_FIELD[by]}:"{named}"'


def _tag_value(word: str, name: str) -> str:
    for pair in word.split("; "):
        key, _, value = pair.partition("=")
        if key == name:
            return value
    return ""
