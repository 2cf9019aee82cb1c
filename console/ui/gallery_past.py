"""What the gallery can draw of the past: the cluster as it was, what differs, what changed."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtWidgets import QWidget

from console.model.change import changes
from console.model.moment import Moment
from console.model.settled import as_of, settled
from console.model.snapshot import ClusterSnapshot
from console.model.virtual_machine import PowerState
from console.ui.bridge import ChangesRead, OnChanges, OnChore, chores
from console.ui.main_window import MainWindow
from console.ui.past.past_window import PastWindow

Builder = Callable[[ClusterSnapshot, Path, str], QWidget]
Window = Callable[[ClusterSnapshot, Path, str], MainWindow]
_AGO_S = 21 * 3600.0
_replace = msgspec.structs.replace


class _Stored:
    """A stored past of one moment, from which the present cluster came about."""

    def __init__(self, snapshot: ClusterSnapshot, *, is_unseen: bool = False) -> None:
        self._at = time.time() - _AGO_S
        self._now = as_of(settled(snapshot, time.time()), time.time())
        self._then = as_of(settled(_before(snapshot), self._at), self._at)
        self._is_unseen = is_unseen

    def ask_chore(self, question: chores.Ask, on_answer: OnChore) -> None:
        assert isinstance(question, chores.ReadMoment)
        moment = Moment(
            question.at,
            self._then,
            self._at - 1200,
            unseen_since=question.at - 5400 if self._is_unseen else None,
            unseen_until=question.at + 3600 if self._is_unseen else None,
            earlier=self._at - 2400,
            later=self._at + 600,
            first=self._at - 9 * 86400,
            last=time.time(),
        )
        on_answer(chores.MomentRead(question.token, moment))

    def give_up_chore(self, _token: str) -> None:
        pass

    def read_changes(
        self, subject: str, _since: float, on_read: OnChanges, until: float | None = None
    ) -> None:
        found = changes(self._then, self._now, time.time() - 3600)
        mine = tuple(each for each in found if subject in ("", each.subject))
        on_read(ChangesRead("", mine, self._at - 9 * 86400))


def _before(snapshot: ClusterSnapshot) -> ClusterSnapshot:
    """Some VMs elsewhere, some in another state, and one not there yet."""
    nodes = [node.name for node in snapshot.nodes]
    vms = list(snapshot.vms[:-1])
    for at in range(0, min(9, len(vms)), 3):
        facts = vms[at].cluster
        if facts is not None:
            other = next((name for name in nodes if name != facts.owner_node), facts.owner_node)
            power = PowerState.STOPPED if at == 3 else facts.power
            vms[at] = _replace(vms[at], cluster=_replace(facts, owner_node=other, power=power))
    return _replace(snapshot, vms=tuple(vms))


def _past(window: Window, tab: int, *, is_unseen: bool = False) -> Builder:
    def build(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
        main = window(snapshot, folder, scenario)
        stored = _Stored(snapshot, is_unseen=is_unseen)
        past = PastWindow(main._store, stored, lambda: 3)
        main.setParent(past)
        main.hide()
        past.resize(1360, 860)
        past.go(time.time() - _AGO_S)
        past._tabs.setCurrentIndex(tab)
        first = next((card.keys[0] for card in past.map.cards if card.keys), "")
        past.map.select({first}, cursor=first)
        return past

    return build


def _what_changed(window: Window) -> Builder:
    def build(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
        main = window(snapshot, folder, scenario)
        main.health.open(2)
        view = main.health.page.changes
        view._read = _Stored(snapshot).read_changes
        view._since = time.time() - _AGO_S
        view.look()
        return main

    return build


def _timeline(window: Window) -> Builder:
    def build(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
        main = window(snapshot, folder, scenario)
        main.inspector._reads = _Stored(snapshot)
        main.explain_vm(snapshot.vms[0].key)
        main.inspector.open_tab("History")
        return main

    return build


def views(window: Window) -> dict[str, Builder]:
    """By name; ``window`` makes the main window over a snapshot."""
    return {
        "past": _past(window, 0),
        "past-unseen": _past(window, 0, is_unseen=True),
        "past-compare": _past(window, 2),
        "what-changed": _what_changed(window),
        "timeline": _timeline(window),
    }
