"""What happens in the tabs, as events that could be told. Decides nothing."""

import functools
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from console.health.levels import HealthLevel
from console.model.operation import OperationState
from console.ui.models.alarm_book import Standing, StandingAlarm
from console.ui.models.alarm_words import for_how_long
from console.ui.notifications.choices import Event, Kind
from console.ui.plain_text import one_line
from console.ui.shell.page import Page

if TYPE_CHECKING:
    from console.ui.fleet_store import FleetStore

_MOST_LETTERS = 300
_MOST_ABOUT = 300
# What ended longer ago than this was listed, and is no news.
_NEWS_S = 120.0
_BADLY = (OperationState.FAILED, OperationState.BLOCKED, OperationState.UNKNOWN)
_WELL = (OperationState.SUCCEEDED,)
_CONNECTED = "connected"

Hear = Callable[[Event], None]


class Hearing(QObject):
    """Ends with its page. Events are told to ``hear``; their ids begin with the connection's."""

    def __init__(self, page: Page, hear: Hear) -> None:
        super().__init__(page)
        self._page, self._hear = page, hear
        self._followed: FleetStore | None = None
        self._contact: dict[str, str] = {}  # of the fleet's clusters, by ARM id
        watch = page.window.health.watch
        watch.appeared.connect(self._on_alarms)
        watch.cleared.connect(self._on_cleared)
        page.store.operations_changed.connect(self._on_operations)
        page.session.opened.connect(self._on_opened)
        self._on_opened()

    def _tell(
        self, target: str, kind: Kind, level: HealthLevel, title: str, text: str,
        about: dict[str, int] | None = None, vms: int = 0,
    ) -> None:  # fmt: skip
        page = self._page
        known = {f"cluster:{one_line(page.name)}": vms, **(about or {})}
        name = f"{page.connector.open_id}|{target}"
        now = time.time()
        self._hear(Event(name, kind, level, _short(title), _short(text), now, known, vms))

    # -- alarms --------------------------------------------------------------------------------
    def _on_alarms(self, new: tuple[StandingAlarm, ...]) -> None:
        for each in new:
            if each.standing is not Standing.OPEN:
                continue
            alarm = each.alarm
            count = len(alarm.vm_keys)
            vms = f"{count} VM{'' if count == 1 else 's'}. " if count else ""
            text = f"{self._page.name}: {vms}{_read(self._page)}"
            about = _about(self._page, alarm.vm_keys, alarm.node)
            target = f"alarm|{alarm.id}"
            self._tell(target, Kind.ALARM, alarm.level, alarm.title, text, about, count)

    def _on_cleared(self, over: tuple[StandingAlarm, ...]) -> None:
        for each in over:
            alarm, page = each.alarm, self._page
            lasted = for_how_long(each.since, time.time())
            text = f"{page.name}: it stood for {lasted}. {_read(page)}"
            about = _about(page, alarm.vm_keys, alarm.node)
            title, target = f"Over: {alarm.title}", f"alarm|{alarm.id}"
            self._tell(
                target, Kind.OVER, HealthLevel.HEALTHY, title, text, about, len(alarm.vm_keys)
            )

    # -- operations ----------------------------------------------------------------------------
    def _on_operations(self, ids: tuple[str, ...]) -> None:
        """Only what ended while this window watched, and was asked for here."""
        page, now = self._page, time.time()
        for name in ids:
            record = page.store.operations.get(name)
            if record is None or record.actor != page.bridge.actor:
                continue
            if record.state not in (*_BADLY, *_WELL):
                continue
            ended = record.ended_at or (record.steps[-1].at if record.steps else 0.0)
            if now - ended > _NEWS_S:
                continue
            is_bad = record.state in _BADLY
            kind = Kind.FAILED if is_bad else Kind.DONE
            level = HealthLevel.ATTENTION if is_bad else HealthLevel.HEALTHY
            title = f"{record.title}: {record.state}"
            unknown = "whether it was done is not known; the console goes on looking"
            is_unknown = record.state is OperationState.UNKNOWN
            result = record.result or (unknown if is_unknown else "ended")
            text = f"{page.name}: {result} ({_clock(ended)})"
            self._tell(f"operation|{name}", kind, level, title, text)

    # -- a fleet -------------------------------------------------------------------------------
    def _on_opened(self) -> None:
        fleet = self._page.session.fleet
        self._contact = {}
        if fleet is not None and fleet.store is not self._followed:
            self._followed = fleet.store
            fleet.store.told.connect(functools.partial(self._on_fleet, fleet.store))

    def _on_fleet(self, store: "FleetStore") -> None:
        """Azure's word on whether it reaches a cluster: all that a fleet's tab can know of it."""
        if store.is_stored:
            return
        for name, cluster in store.clusters.items():
            now, before = cluster.contact.casefold(), self._contact.get(name)
            if not now:
                continue  # not told: what was told last stands
            self._contact[name] = now
            if before is None or before == now:
                continue
            was_fine, is_fine = before == _CONNECTED, now == _CONNECTED
            title = f"Azure lost contact with {cluster.name}."
            about = {f"cluster:{one_line(cluster.name)}": 0}
            about |= {f"node:{one_line(node)}": 0 for node in cluster.nodes}
            if was_fine and not is_fine:
                text = f"{self._page.name}: Azure says {cluster.contact}. Its VMs may run on."
                kind, level = Kind.ALARM, HealthLevel.ATTENTION
            elif is_fine and not was_fine:
                text = f"{self._page.name}: Azure says {cluster.contact}."
                kind, level, title = Kind.OVER, HealthLevel.HEALTHY, f"Over: {title}"
            else:
                continue
            self._tell(f"cluster|{name}", kind, level, title, text, about)


def _about(page: Page, vm_keys: tuple[str, ...], node: str) -> dict[str, int]:
    """Its nodes, tags and VMs, the most common first where there are many."""
    counted: Counter[str] = Counter()
    for key in vm_keys:
        vm = page.store.inventory.vms.get(key)
        if vm is None:
            continue
        counted[f"vm:{one_line(vm.name)}"] += 1
        if vm.owner_node:
            counted[f"node:{one_line(vm.owner_node)}"] += 1
        for name, value in (vm.azure.tags if vm.azure is not None else {}).items():
            counted[f"tag:{one_line(name)}={one_line(value)}"] += 1
    most = dict(counted.most_common(_MOST_ABOUT))
    return {f"node:{one_line(node)}": most.get(f"node:{node}", 0), **most} if node else most


def _short(text: str) -> str:
    flat = one_line(text)
    return flat if len(flat) <= _MOST_LETTERS else flat[: _MOST_LETTERS - 1] + "…"


def _read(page: Page) -> str:
    """When what is told was read, which is not when somebody looked at it."""
    inventory = page.store.inventory
    times = [each.read_at for each in (inventory.cluster_wire, inventory.arm) if each.read_at]
    return f"Read {_clock(min(times))}." if times else "Nobody can say when it was read."


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))
