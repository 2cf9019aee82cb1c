"""The worker's copy of the fleet: what was told before, and what of it changed, as columns."""

import uuid
from array import array
from collections.abc import Callable, Container, Iterable
from typing import Any

import msgspec

from console.backends.fleet import FleetPage, FleetRow
from console.health.fleet import LEVELS, FleetWords, fleet_level
from console.model.fleet import (
    BY_ID,
    COLUMNS,
    NO_LEVEL,
    NOT_KNOWN,
    TEXTS,
    UNREADABLE,
    WORDS,
    FleetCluster,
    FleetPart,
    FleetSnapshot,
    Kind,
    machine_id,
    need_words,
    pack_numbers,
    pack_texts,
    unpack_numbers,
    unpack_texts,
)
from console.worker.fleet_changes import CLUSTER_COLUMNS, FleetChange, FleetNotes, Row

# A part of this many slots is applied by the window within a frame.
PART_SLOTS = 2_000
_LEVEL_RESTS_ON = ("power", "provisioning", "security", "secure_boot", "vtpm", "agent", "error",
                   "doubt")  # fmt: skip
_PLACES = {level.value: place for place, level in enumerate(LEVELS)}
_PLAIN = tuple(column.id for column in COLUMNS if column.id not in ("doubt", "level"))


class FleetLedger:
    """Slots of VMs by their key. Not thread-safe; the worker's loop owns it."""

    def __init__(self, clean: Callable[[str], str] = lambda text: text) -> None:
        """``clean`` takes secrets out of words before they are told or stored."""
        self._clean = clean
        self.generation = uuid.uuid4().hex
        self.clusters: dict[str, FleetCluster] = {}
        self.texts: dict[str, list[str]] = {name: [] for name in TEXTS}
        self.numbers: dict[str, array[int]] = {
            column.id: array("I") for column in COLUMNS if column.kind in (Kind.WORD, Kind.NUMBER)
        }
        self.levels = bytearray()
        self.words: dict[str, list[str]] = {name: [] for name in WORDS}
        self._places: dict[str, dict[str, int]] = {name: {} for name in WORDS}
        self._told_words: dict[str, int] = dict.fromkeys(WORDS, 0)
        self._slots: dict[str, int] = {}
        self._prints: dict[int, int] = {}  # fingerprint of a row -> its slot
        self._print_of: dict[int, int] = {}
        self._free: list[int] = []
        self._seen = array("I")
        self._round = 0
        # Slots that changed since the window was told, by column.
        self._changed: dict[str, set[int]] = {}
        self._notes = FleetNotes(self._told, self._key_of)

    @property
    def size(self) -> int:
        """Slots there are, empty ones included."""
        return len(self.levels)

    @property
    def count(self) -> int:
        """VMs there are."""
        return len(self._slots)

    # -- taking in -----------------------------------------------------------------------------
    def begin(self) -> None:
        """A reading of one subscription begins."""
        self._round += 1

    def take(self, page: FleetPage) -> int:
        """Enter a page's rows; how many of them could not be read."""
        unreadable = 0
        prints, seen, current = self._prints, self._seen, self._round
        for at, mark in enumerate(page.fingerprints):
            slot = prints.get(mark)
            if slot is not None:
                seen[slot] = current
                if self.words["doubt"][self.numbers["doubt"][slot]]:
                    unreadable += 1
                continue
            row = page.row(at)
            if row is None:
                unreadable += 1
                continue
            unreadable += row.is_unreadable
            slot = self._slots.get(row.key)
            if slot is None:
                slot = self._slot_for(row.key)
            seen[slot] = current
            prints.pop(self._print_of.get(slot, 0), None)
            prints[mark], self._print_of[slot] = slot, mark
            self._enter(slot, row)
        return unreadable

    def end(self, subscription: str) -> int:
        """The reading was whole: VMs of the subscription that it did not name are gone."""
        code = self._places["subscription"].get(subscription)
        column, seen, current = self.numbers["subscription"], self._seen, self._round
        gone = [
            slot
            for slot, value in enumerate(column)
            if value == code and seen[slot] != current and self.levels[slot] != NO_LEVEL
        ]
        for slot in gone:
            self._empty(slot)
        return len(gone)

    def set_clusters(self, subscription: str, clusters: Iterable[FleetCluster]) -> bool:
        """Those of one subscription. Whether anything is other than before."""
        fresh = {one.arm_id: self._cleaned(one) for one in clusters}
        before = {
            key: one for key, one in self.clusters.items() if one.subscription == subscription
        }
        if fresh == before:
            return False
        for key in before.keys() - fresh.keys():
            del self.clusters[key]
        self.clusters |= fresh
        for key in fresh.keys() | before.keys():
            if fresh.get(key) != before.get(key):
                self._notes.cluster_changed(key, before.get(key))
        others = {
            key
            for key in fresh.keys() | before.keys()
            if _contact(fresh.get(key)) != _contact(before.get(key))
        }
        codes = {self._places["cluster"].get(key) for key in others}
        for slot, code in enumerate(self.numbers["cluster"]):
            if code in codes and self.levels[slot] != NO_LEVEL:
                self._judge(slot)
        return True

    # -- telling -------------------------------------------------------------------------------
    def changes(self) -> list[FleetPart]:
        """What changed since the last call, in parts that a frame can take."""
        changed, self._changed = self._changed, {}
        if not changed:
            return []
        slots = sorted(set().union(*changed.values()))
        parts = []
        for at in range(0, len(slots), PART_SLOTS):
            some = slots[at : at + PART_SLOTS]
            columns = [name for name, theirs in changed.items() if not theirs.isdisjoint(some)]
            parts.append(self._part(some, columns, self._told_words))
        return parts

    def everything(self) -> list[FleetPart]:
        """All of it in parts, for a window that may know something else; nothing stays changed."""
        self._changed = {}
        self._told_words = dict.fromkeys(WORDS, 0)
        names = list(BY_ID)
        return [
            self._part(range(at, min(at + PART_SLOTS, self.size)), names, self._told_words)
            for at in range(0, self.size, PART_SLOTS)
        ]

    def snapshot(self) -> FleetSnapshot:
        """The same as one record; changes nothing here, since it is also made in other threads."""
        part = self._part(range(self.size), list(BY_ID), dict.fromkeys(WORDS, 0))
        return FleetSnapshot(part, tuple(self.clusters.values()))

    def load(self, snapshot: FleetSnapshot) -> None:
        """Begin with what was stored. Raises ValueError or KeyError for what does not fit."""
        part = snapshot.part
        count = part.size
        for name in TEXTS:
            self.texts[name] = unpack_texts(part.columns[name], count)
        for name in self.numbers:
            self.numbers[name] = unpack_numbers(part.columns[name])
        self.levels = bytearray(part.columns["level"])
        if any(len(column) != count for column in (*self.numbers.values(), self.levels)):
            raise ValueError("columns of different lengths")
        for name in WORDS:
            self.words[name] = list(part.words.get(name, (0, ()))[1])
            need_words(self.words[name], self.numbers[name])
            self._places[name] = {word: at for at, word in enumerate(self.words[name])}
        self.clusters = {one.arm_id: one for one in snapshot.clusters}
        self.generation = part.generation
        self._seen = array("I", bytes(4 * count))
        for slot in range(count):
            if self.levels[slot] == NO_LEVEL:
                self._free.append(slot)
            else:
                self._slots[self._key_of(slot)] = slot

    def _key_of(self, slot: int) -> str:
        words, numbers = self.words, self.numbers
        subscription = words["subscription"][numbers["subscription"][slot]]
        group = words["group"][numbers["group"][slot]]
        return machine_id(subscription, group, self.texts["name"][slot]).lower()

    # -- the past ------------------------------------------------------------------------------
    def noted(self, subscriptions: Container[str]) -> tuple[FleetChange, ...]:
        """What changed of these subscriptions since the last call."""
        return self._notes.take(subscriptions, self.clusters)

    def copy(self) -> "FleetLedger":
        """The same as it is now, for another thread: a few dozen milliseconds for 100,000 VMs."""
        still = FleetLedger(self._clean)
        still.clusters = dict(self.clusters)
        still.texts = {name: list(column) for name, column in self.texts.items()}
        still.numbers = {name: array("I", column) for name, column in self.numbers.items()}
        still.levels = bytearray(self.levels)
        still.words = {name: list(words) for name, words in self.words.items()}
        still._places = {name: dict(places) for name, places in self._places.items()}
        still._slots, still._free = dict(self._slots), list(self._free)
        still._seen = array("I", bytes(4 * self.size))
        return still

    def put(self, key: str, column: str, word: str) -> None:
        """Let a VM's value be another; of one that is not there, nothing. KeyError: no column."""
        slot = self._slots.get(key)
        if slot is not None:
            self._write(slot, column, word)

    def remove(self, key: str) -> None:
        """Let a VM not be there."""
        slot = self._slots.get(key)
        if slot is not None:
            self._empty(slot)

    def restore(self, key: str, row: Row) -> None:
        """Let a VM be there as it was. KeyError, ValueError: the row is of another version, and
        nothing came of it.
        """
        _ = _PLACES[row["level"]]
        for name in BY_ID:
            value = row[name]
            if value and BY_ID[name].kind is Kind.NUMBER:
                int(value)
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slot_for(key)
        for name in BY_ID:
            self._write(slot, name, row[name])

    def keep_only(self, subscriptions: Container[str]) -> None:
        """Let no VM and no cluster of any other subscription be there."""
        told = self.words["subscription"]
        for slot in list(self._slots.values()):
            if told[self.numbers["subscription"][slot]] not in subscriptions:
                self._empty(slot)
        self.clusters = {
            key: one for key, one in self.clusters.items() if one.subscription in subscriptions
        }

    def _told(self, name: str, slot: int) -> str:
        if name in self.texts:
            return self._clean(self.texts[name][slot])
        if name == "level":
            level = self.levels[slot]
            return LEVELS[level].value if level != NO_LEVEL else ""
        number = self.numbers[name][slot]
        if name in self.words:
            return self.words[name][number]
        return "" if number == NOT_KNOWN else str(number)

    def _cleaned(self, cluster: FleetCluster) -> FleetCluster:
        words = {name: self._clean(getattr(cluster, name)) for name in ("name", *CLUSTER_COLUMNS)}
        return msgspec.structs.replace(cluster, **words)

    def _write(self, slot: int, name: str, word: str) -> None:
        if name == "level":
            self.levels[slot] = _PLACES[word]
        elif BY_ID[name].kind is Kind.NUMBER:
            self._set(slot, name, int(word) if word else None)
        else:
            self._set(slot, name, word)

    def _part(
        self, slots: "range | list[int]", columns: Iterable[str], told_words: dict[str, int]
    ) -> FleetPart:
        """``told_words``: how many words of each column whoever gets it has; brought up to date."""
        is_run = isinstance(slots, range)
        packed: dict[str, bytes] = {}
        grown: dict[str, tuple[int, tuple[str, ...]]] = {}
        for name in columns:
            kind = BY_ID[name].kind
            if kind is Kind.LEVEL:
                packed[name] = bytes(_taken(self.levels, slots))
            elif kind is Kind.TEXT:
                packed[name] = pack_texts(_taken(self.texts[name], slots))
            else:
                packed[name] = pack_numbers(_taken(self.numbers[name], slots))
            if kind is Kind.WORD and told_words[name] < len(self.words[name]):
                told = told_words[name]
                grown[name] = (told, tuple(self.words[name][told:]))
                told_words[name] = len(self.words[name])
        return FleetPart(
            self.generation,
            self.size,
            first=slots.start if isinstance(slots, range) else -1,
            count=len(slots) if is_run else 0,
            slots=b"" if is_run else pack_numbers(slots),
            columns=packed,
            words=grown,
        )

    # -- slots ---------------------------------------------------------------------------------
    def _slot_for(self, key: str) -> int:
        if self._free:
            slot = self._free.pop()
        else:
            slot = self.size
            for texts in self.texts.values():
                texts.append("")
            for name, numbers in self.numbers.items():
                numbers.append(self._place(name, "") if name in WORDS else NOT_KNOWN)
            self.levels.append(NO_LEVEL)
            self._seen.append(0)
        self._slots[key] = slot
        self._notes.appeared(slot)
        for name in BY_ID:
            self._changed.setdefault(name, set()).add(slot)
        return slot

    def _enter(self, slot: int, row: FleetRow) -> None:
        if row.is_unreadable and self.levels[slot] != NO_LEVEL:
            # What was known stays, with the doubt beside it.
            self._set_word(slot, "doubt", UNREADABLE)
        else:
            for name in _PLAIN:
                self._set(slot, name, getattr(row, name))
            self._set_word(slot, "doubt", UNREADABLE if row.is_unreadable else "")
        self._judge(slot)

    def _set(self, slot: int, name: str, value: str | int | None) -> None:
        if name in self.texts:
            assert isinstance(value, str)
            if self.texts[name][slot] != value:
                self._notes.changed(slot, name, self.texts[name][slot])
                self.texts[name][slot] = value
                self._changed.setdefault(name, set()).add(slot)
        elif isinstance(value, str):
            self._set_word(slot, name, value)
        else:
            number = NOT_KNOWN if value is None else min(max(value, 0), NOT_KNOWN - 1)
            if self.numbers[name][slot] != number:
                self._notes.changed(slot, name, self._told(name, slot))
                self.numbers[name][slot] = number
                self._changed.setdefault(name, set()).add(slot)

    def _set_word(self, slot: int, name: str, word: str) -> None:
        place = self._places[name].get(word)
        if place is None:
            place = self._place(name, word)
        if self.numbers[name][slot] != place:
            self._notes.changed(slot, name, self._told(name, slot))
            self.numbers[name][slot] = place
            self._changed.setdefault(name, set()).add(slot)

    def _place(self, name: str, word: str) -> int:
        place = self._places[name].get(word)
        if place is None:
            place = self._places[name][word] = len(self.words[name])
            self.words[name].append(self._clean(word))
        return place

    def _judge(self, slot: int) -> None:
        words, numbers = self.words, self.numbers
        told = [words[name][numbers[name][slot]] for name in _LEVEL_RESTS_ON]
        cluster = self.clusters.get(words["cluster"][numbers["cluster"][slot]])
        level = fleet_level(FleetWords._make([*told, _contact(cluster)]))
        if self.levels[slot] != level:
            self._notes.changed(slot, "level", self._told("level", slot))
            self.levels[slot] = level
            self._changed.setdefault("level", set()).add(slot)

    def _empty(self, slot: int) -> None:
        self._notes.gone(slot)
        del self._slots[self._key_of(slot)]
        self._prints.pop(self._print_of.pop(slot, 0), None)
        self.levels[slot] = NO_LEVEL
        self._changed.setdefault("level", set()).add(slot)
        self._free.append(slot)


def _taken(column: Any, slots: "range | list[int]") -> Any:
    """The values of these slots."""
    if isinstance(slots, range):
        return column[slots.start : slots.stop]
    return [column[slot] for slot in slots]


def _contact(cluster: FleetCluster | None) -> str:
    return cluster.contact if cluster is not None else ""
