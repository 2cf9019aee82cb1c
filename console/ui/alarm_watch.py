"""Keeps alarms and disagreements current in the window, a part of a frame at a time."""

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from console import health as rules
from console.health import HealthLevel
from console.health.alarms import Alarm, AlarmGathering
from console.health.levels import RANK
from console.health.own_work import OwnWork
from console.model.freshness import Wire
from console.ui import state_file
from console.ui.file_thread import file_thread
from console.ui.models import alarm_book
from console.ui.models.alarm_book import Book, Standing, StandingAlarm, StandingDisagreement
from console.ui.store import Store

if TYPE_CHECKING:
    from console.health.disagreements import Disagreement

# Many changes come together; one look a moment later serves them all.
_LOOK_MS = 400
# Ages and mutes run out without any message.
_LOOK_ANYWAY_MS = 10_000
_SLICE_S = 0.003
_SAVE_MS = 2_000


class AlarmWatch(QObject):
    """Signals: ``changed()`` after a look that found something else; ``appeared(tuple)`` with the
    ``StandingAlarm`` that are open now and were not at the look before, or were less bad: a lower
    level, or fewer VMs; ``cleared(tuple)`` with those that were open and are over: what is only
    not known any more, or is part of something worse by now, is not over.
    """

    changed = Signal()
    appeared = Signal(tuple)
    cleared = Signal(tuple)

    def __init__(
        self,
        store: Store,
        folder: Path,
        parent: QObject | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(parent)
        self._store, self._folder, self._now = store, folder, now
        self._connection_id = ""
        self._book = Book()
        self._is_loaded = False
        # By id its rank and how many VMs; None: nothing was looked at yet.
        self._open: dict[str, tuple[int, int]] | None = None
        self._once_open: dict[str, StandingAlarm] = {}  # until they are over
        self._answered: frozenset[Wire] = frozenset()  # wires that ever told something
        self.alarms: tuple[StandingAlarm, ...] = ()
        self.disagreements: tuple[StandingDisagreement, ...] = ()
        self._left: list[str] = []
        self._gathering = AlarmGathering(OwnWork((), 0.0))
        self._differing: list[Disagreement] = []
        self._wait = QTimer(self, singleShot=True, interval=_LOOK_MS)
        self._wait.timeout.connect(self.look)
        self._slices = QTimer(self, interval=0)
        self._slices.timeout.connect(self._slice)
        self._clock = QTimer(self, interval=_LOOK_ANYWAY_MS)
        self._clock.timeout.connect(self.look_soon)
        self._saving = QTimer(self, singleShot=True, interval=_SAVE_MS)
        self._saving.timeout.connect(self.save)
        for signal in (
            store.snapshot_replaced,
            store.vms_changed,
            store.levels_changed,
            store.nodes_changed,
            store.readings_changed,
            store.operations_changed,
        ):
            signal.connect(self.look_soon)
        self._clock.start()

    def begin(self, connection_id: str) -> None:
        """A connection opens: read beside the GUI thread what was kept of it."""
        if connection_id != self._connection_id:
            # What another connection was troubled by is neither news nor over here.
            self._open, self._once_open, self._answered = None, {}, frozenset()
        self._connection_id = connection_id
        path = state_file.path_for(self._folder, "alarms", connection_id)
        read = functools.partial(state_file.load, path, Book)
        file_thread().run(read, self._on_loaded, self)

    def end(self) -> None:
        for timer in (self._wait, self._slices, self._clock):
            timer.stop()
        self.save()

    def look_soon(self, *_: object) -> None:
        if not self._wait.isActive() and not self._slices.isActive():
            self._wait.start()

    def look(self) -> None:
        """Begin a look at every VM; it goes on in slices."""
        now = self._now()
        self._wait.stop()
        self._gathering = AlarmGathering(OwnWork(self._store.operations.values(), now))
        self._differing = []
        self._left = list(self._store.inventory.vms)
        self._slices.start()

    def finish_look(self) -> None:
        """Do what is left of a look now; for tests and pictures."""
        self.look()
        while self._slices.isActive():
            self._slice()

    def age(self, seconds: float) -> None:
        """As if everything that stands now had been standing for so long; for pictures."""
        self.finish_look()
        self._book = alarm_book.aged(self._book, seconds)
        self._store.disagreeing_since = {}
        self._store.tell_disagreeing({})
        self._differ()
        self._store.forget_health()
        self.finish_look()

    # -- what a person does --------------------------------------------------------------------
    def acknowledge(self, alarm_id: str) -> None:
        self._do(alarm_id, alarm_book.acknowledged)

    def reopen(self, alarm_id: str) -> None:
        self._do(alarm_id, alarm_book.not_acknowledged)

    def mute(self, alarm_id: str, seconds: float) -> None:
        until = self._now() + seconds
        self._do(alarm_id, functools.partial(alarm_book.muted, until=until))

    def _do(self, alarm_id: str, change: Callable[..., Book]) -> None:
        found = next((each for each in self.alarms if each.alarm.id == alarm_id), None)
        if found is not None:
            self._book = change(self._book, found.alarm, self._now())
            self.save()
            self._settle(tuple(each.alarm for each in self.alarms))

    @property
    def has_looked(self) -> bool:
        """Whether anything was judged yet: no alarm is no good news before."""
        return self._open is not None

    def count(self, standing: Standing) -> int:
        return sum(each.standing is standing for each in self.alarms)

    @property
    def disagreements_to_tell(self) -> tuple[StandingDisagreement, ...]:
        """Those that are not just to be expected."""
        return tuple(each for each in self.disagreements if not each.is_expected)

    # -- looking -------------------------------------------------------------------------------
    def _slice(self) -> None:
        from console.health.disagreements import disagreements

        deadline = time.perf_counter() + _SLICE_S
        store, around = self._store, self._store.surroundings()
        vms = store.inventory.vms
        while self._left and time.perf_counter() < deadline:
            key = self._left.pop()
            vm = vms.get(key)
            if vm is None:
                continue
            self._differing += disagreements(vm, around)
            if store.level_of(key) not in (HealthLevel.HEALTHY, HealthLevel.OFF):
                self._gathering.take(store.health_of(key), key)
        if self._left:
            return
        self._slices.stop()
        for name in store.inventory.nodes:
            self._gathering.take(store.health_of_node(name))
        for volume in store.inventory.cluster.volumes or ():
            self._gathering.take(rules.assess_volume(volume, around))
        self._gathering.take(rules.assess_cluster(around))
        self._differ()
        self._settle(self._gathering.alarms())

    def _differ(self) -> None:
        now = self._now()
        self._book, self.disagreements = alarm_book.fold_disagreements(
            self._book, self._differing, now
        )
        since = {name: times[0] for name, times in self._book.disagreements.items()}
        self._store.disagreeing_since = since
        self._store.tell_disagreeing(
            {
                each.found.vm_key: f"Azure says {each.found.azure_says}, "
                f"the cluster {each.found.cluster_says}"
                for each in self.disagreements_to_tell
            }
        )

    def _settle(self, alarms: tuple[Alarm, ...]) -> None:
        self._book, self.alarms = alarm_book.fold_alarms(self._book, alarms, self._now())
        is_open = [each for each in self.alarms if each.standing is Standing.OPEN]
        known = self._open
        self._open = {each.alarm.id: (RANK[each.alarm.level], _size(each)) for each in is_open}
        if not self._saving.isActive():
            self._saving.start()
        self.changed.emit()
        if known is not None and self._is_loaded and not self._store.is_stored:
            now = self._open
            new = tuple(
                each
                for each in is_open
                if _is_worse(now[each.alarm.id], known.get(each.alarm.id, (-1, 0)))
            )
            if new:
                self.appeared.emit(new)
            self._clear(is_open)

    def _clear(self, is_open: list[StandingAlarm]) -> None:
        """Tell of what is over; what cannot be told apart from not known waits for a later look."""
        ids = {each.alarm.id.removesuffix("|ours") for each in self.alarms}
        over = {name: each for name, each in self._once_open.items() if name not in ids}
        inventory = self._store.inventory
        self._answered |= alarm_book.answered(inventory)
        if over and alarm_book.is_known(inventory, self._answered, self._now()):
            suffering = {key for each in self.alarms for key in each.alarm.vm_keys}
            nodes = {each.alarm.node for each in self.alarms}
            cleared = [
                name
                for name, each in over.items()
                if not suffering.intersection(each.alarm.vm_keys)
                and (not each.alarm.node or each.alarm.node not in nodes)
            ]
            if cleared:
                self.cleared.emit(tuple(self._once_open.pop(name) for name in cleared))
        self._once_open |= {each.alarm.id: each for each in is_open}

    # -- the file ------------------------------------------------------------------------------
    def _on_loaded(self, found: object) -> None:
        self._is_loaded = True
        if isinstance(found, Book):
            # What stood when the console was closed and still does is the same.
            self._book = alarm_book.seen_now(found, self._now())
        self.look_soon()

    def save(self) -> None:
        self._saving.stop()
        if not self._connection_id or not self._is_loaded:
            return
        path = state_file.path_for(self._folder, "alarms", self._connection_id)
        # A folder that cannot be written costs what was acknowledged; the journal says so.
        file_thread().run(functools.partial(state_file.save, path, self._book))


def _size(each: StandingAlarm) -> int:
    return len(each.alarm.vm_keys)


def _is_worse(now: tuple[int, int], before: tuple[int, int]) -> bool:
    return now[0] > before[0] or (now[0] == before[0] and now[1] > before[1])
