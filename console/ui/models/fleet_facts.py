"""A fleet's columns and how they are read: VMs by slot, clusters by ARM id. No Qt."""

import time
from array import array
from collections.abc import Callable

from console.health import Health, HealthLevel
from console.health.fleet import LEVELS, FleetWords, cluster_notes, explain_fleet_vm
from console.model.fleet import (
    COLUMNS,
    NO_LEVEL,
    NOT_KNOWN,
    SEARCHED,
    TEXTS,
    WORDS,
    FleetCluster,
    FleetReading,
    Kind,
    machine_id,
)

NUMBERS = tuple(column.id for column in COLUMNS if column.kind in (Kind.WORD, Kind.NUMBER))


class FleetFacts:
    """What is known of a fleet. The window's store is one; ``copy`` makes one that stays still."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """``now`` tells what ages are counted by: of the stored past, the moment looked at."""
        self.now = now
        self.clusters: dict[str, FleetCluster] = {}
        self.readings: tuple[FleetReading, ...] = ()
        self.clear("")

    def clear(self, generation: str) -> None:
        """Forget the VMs."""
        self.generation = generation
        self.texts: dict[str, list[str]] = {name: [] for name in TEXTS}
        self.numbers: dict[str, array[int]] = {name: array("I") for name in NUMBERS}
        self.words: dict[str, list[str]] = {name: [] for name in WORDS}
        self.levels = bytearray()
        self.count = 0  # VMs there are
        # What free text is looked for in, folded; made when first searched, "" not made yet.
        self.haystacks: list[str] = []

    def copy(self) -> "FleetFacts":
        """The same as it is now, for another thread: a few milliseconds for 100,000 VMs."""
        still = FleetFacts(self.now)
        still.clusters, still.readings = dict(self.clusters), self.readings
        still.generation, still.count = self.generation, self.count
        still.texts = {name: list(column) for name, column in self.texts.items()}
        still.numbers = {name: array("I", column) for name, column in self.numbers.items()}
        still.words = {name: list(words) for name, words in self.words.items()}
        still.levels = bytearray(self.levels)
        still.haystacks = [""] * len(self.levels)
        return still

    @property
    def size(self) -> int:
        """Slots there are, empty ones included."""
        return len(self.levels)

    def word(self, column: str, slot: int) -> str:
        return self.words[column][self.numbers[column][slot]]

    def number(self, column: str, slot: int) -> int | None:
        value = self.numbers[column][slot]
        return None if value == NOT_KNOWN else value

    def text(self, column: str, slot: int) -> str:
        """Of a TEXT or WORD column; a NUMBER as it is written."""
        if column in self.texts:
            return self.texts[column][slot]
        if column in self.words:
            return self.word(column, slot)
        value = self.number(column, slot)
        return "" if value is None else str(value)

    def level(self, slot: int) -> HealthLevel:
        place = self.levels[slot]
        return LEVELS[place] if place != NO_LEVEL else HealthLevel.UNKNOWN

    def cluster_name(self, code: int) -> str:
        """By the number of its word; what Azure did not tell is said so."""
        return self.name_of_cluster(self.words["cluster"][code])

    def name_of_cluster(self, arm_id: str) -> str:
        cluster = self.clusters.get(arm_id)
        if cluster is not None:
            return cluster.name
        return arm_id.rpartition("/")[2] or "no cluster told"

    def cluster_name_of(self, slot: int) -> str:
        return self.cluster_name(self.numbers["cluster"][slot])

    def subscription_name(self, subscription: str) -> str:
        reading = self.reading_of(subscription)
        return (reading.name if reading is not None else "") or subscription

    def reading_of(self, subscription: str) -> FleetReading | None:
        return next((one for one in self.readings if one.subscription == subscription), None)

    def arm_id(self, slot: int) -> str:
        return machine_id(
            self.word("subscription", slot), self.word("group", slot), self.texts["name"][slot]
        )

    def slot_of(self, key: str) -> int:
        """By ARM id in lower case; -1: there is no such VM."""
        name, levels = key.rpartition("/")[2], self.levels
        return next(
            (
                slot
                for slot, told in enumerate(self.texts["name"])
                if told.lower() == name
                and levels[slot] != NO_LEVEL
                and self.arm_id(slot).lower() == key
            ),
            -1,
        )

    def health_of(self, slot: int) -> Health:
        """Why its level is what it is, in words, with the age of Azure's reading."""
        cluster = self.clusters.get(self.word("cluster", slot))
        reading = self.reading_of(self.word("subscription", slot))
        told = [self.word(name, slot) for name in FleetWords._fields[:-1]]
        words = FleetWords._make([*told, cluster.contact if cluster is not None else ""])
        read_at = reading.read_at if reading is not None else None
        return explain_fleet_vm(self.texts["name"][slot], words, read_at)

    def notes_of_cluster(self, arm_id: str) -> tuple[str, ...]:
        cluster = self.clusters.get(arm_id)
        return cluster_notes(cluster, self.now()) if cluster is not None else ()

    def stale_subscriptions(self) -> frozenset[str]:
        """Those whose data are older than they should be, or were never read."""
        now = self.now()
        return frozenset(one.subscription for one in self.readings if one.is_stale(now))

    # -- searching -----------------------------------------------------------------------------
    def haystack(self, slot: int) -> str:
        """Everything a person may know of a VM, folded, one thing a line."""
        known = self.haystacks[slot]
        if known:
            return known
        texts, words, numbers = self.texts, self.words, self.numbers
        parts = [texts[name][slot] for name in SEARCHED if name in texts]
        parts += [words[name][numbers[name][slot]] for name in SEARCHED if name in words]
        parts.append(self.cluster_name(numbers["cluster"][slot]))
        known = self.haystacks[slot] = "\n".join(parts).casefold()
        return known
