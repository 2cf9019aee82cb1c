"""While you were away: what is told, when, how long, and what a killed window leaves behind."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QToolButton
from pytestqt.qtbot import QtBot

from console.model.freshness import Fault, FaultCode
from console.model.operation import OperationRecord, OperationState, StepEntry
from console.model.request import DrainNode
from console.settings import Settings
from console.ui import last_look
from console.ui.away_watch import AwayWatch
from console.ui.last_look import LastLook
from console.ui.main_window import MainWindow
from console.ui.models.digest import Digest
from console.ui.session import Session
from console.ui.store import Store
from tests.ui.conftest import RecordingBridge, settle

S = OperationState
LEFT = Qt.MouseButton.LeftButton
replace = msgspec.structs.replace


class Clock:
    def __init__(self) -> None:
        self.now = 10_000.0

    def __call__(self) -> float:
        return self.now


class Console(QObject):
    """One life of a window's watch over a folder; killed by just letting go of it."""

    def __init__(self, folder: Path, clock: Clock, bridge: RecordingBridge) -> None:
        super().__init__()
        self.store = Store(self)
        self.watch = AwayWatch(self.store, bridge, folder, self, clock)
        self.told: list[Digest] = []
        self.watch.told.connect(self.told.append)

    def open(self, *records: OperationRecord, back_to: float | None = None) -> None:
        self.watch.begin("lab")
        settle()
        self.store.operation_changed(*records)
        self.store.history_known(back_to)
        settle()

    @property
    def text(self) -> str:
        return self.told[-1].text if self.told else ""


def record(name: str, state: OperationState, at: float, made: float = 100.0) -> OperationRecord:
    is_unknown = state is S.UNKNOWN
    steps = (StepEntry(50.0, S.RUNNING, "x"), StepEntry(at, state, "Contact lost"))
    return OperationRecord(
        name,
        DrainNode("N1"),
        f"Drain {name}",
        state,
        made,
        ended_at=None if is_unknown or state is S.RUNNING else at,
        steps=steps if is_unknown else (),
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(tmp_path: Path, clock: Clock, bridge: RecordingBridge) -> Callable[[], Console]:
    return lambda: Console(tmp_path, clock, bridge)


def looked(folder: Path) -> LastLook:
    settle()
    found = last_look.load(folder, "lab")
    assert found is not None
    return found


def test_the_first_start_and_an_empty_absence_say_nothing(
    start: Callable[[], Console], clock: Clock, tmp_path: Path
) -> None:
    first = start()
    first.open(record("a", S.FAILED, 9_000.0))
    assert first.told == []
    assert looked(tmp_path).at == 10_000.0
    clock.now += 5_000
    again = start()
    again.open(record("a", S.FAILED, 9_000.0))
    assert again.told == []


def test_after_a_kill_the_worst_is_told_first_and_once_dismissed_never_again(
    start: Callable[[], Console], clock: Clock, tmp_path: Path
) -> None:
    start().open()
    known = (
        record("old", S.FAILED, 9_000.0),
        record("d1", S.SUCCEEDED, 10_100.0),
        record("u", S.UNKNOWN, 10_200.0),
        record("d2", S.SUCCEEDED, 10_300.0),
        record("f", S.FAILED, 10_050.0),
        record("goes on", S.RUNNING, 0.0),
    )
    clock.now += 5_000
    second = start()
    second.open(*known)
    assert second.text == "While you were away: 1 failed, 1 not known, 2 done."
    assert second.told[-1].ids == ("f", "u", "d2", "d1")
    settle()
    third = start()  # the second was killed before anybody dismissed it
    clock.now += 100
    third.open(*known)
    assert third.text == second.text
    third.watch.dismiss()
    assert third.told[-1] == Digest()
    fourth = start()
    fourth.open(*known)
    assert fourth.told == []


def test_what_the_worker_settles_right_after_the_start_belongs_to_it(
    start: Callable[[], Console], clock: Clock
) -> None:
    start().open()
    clock.now += 5_000
    second = start()
    second.open(record("a", S.RUNNING, 0.0), record("queued", S.QUEUED, 0.0))
    assert second.told == []
    clock.now += 5
    # What had only waited runs in sight now.
    second.store.operation_changed(record("queued", S.FAILED, clock.now))
    assert second.told == []
    mine = record("mine", S.SUCCEEDED, clock.now, made=clock.now - 1)
    second.store.operation_changed(record("a", S.FAILED, clock.now), mine)
    assert second.text == "While you were away: 1 failed."
    second.store.operation_changed(record("a", S.SUCCEEDED, clock.now))
    assert second.text == "While you were away: 1 done."
    clock.now += 60
    second.store.operation_changed(record("later", S.FAILED, clock.now))
    assert second.text == "While you were away: 1 done."


def test_what_ends_in_sight_is_not_told_after_a_kill(
    start: Callable[[], Console], clock: Clock, qtbot: QtBot, tmp_path: Path
) -> None:
    first = start()
    first.open()
    clock.now += 100
    first.store.operation_changed(record("a", S.FAILED, clock.now))
    qtbot.waitUntil(lambda: looked(tmp_path).at == clock.now, timeout=3000)
    second = start()
    second.open(record("a", S.FAILED, clock.now))
    assert second.told == []


@pytest.mark.parametrize(("away", "is_told"), [(299.0, False), (301.0, True)])
def test_a_window_out_of_sight_tells_after_five_minutes(
    start: Callable[[], Console], clock: Clock, away: float, is_told: bool
) -> None:
    console = start()
    console.open()
    console.watch.set_visible(False)
    clock.now += away / 2
    console.store.operation_changed(record("a", S.FAILED, clock.now))
    assert console.told == []
    clock.now += away / 2
    console.watch.set_visible(True)
    assert (console.text == "While you were away: 1 failed.") is is_told


def test_a_machine_that_slept_was_away_too(start: Callable[[], Console], clock: Clock) -> None:
    console = start()
    console.open()
    clock.now += 8_000
    console.store.operations["a"] = record("a", S.FAILED, 12_000.0)
    console.watch._looking.timeout.emit()
    assert console.text == "While you were away: 1 failed."


def test_a_long_absence_reads_older_pages_or_says_that_there_may_be_more(
    start: Callable[[], Console], clock: Clock, bridge: RecordingBridge
) -> None:
    start().open()
    clock.now += 1_000_000
    console = start()
    console.open(record("new", S.SUCCEEDED, 900_000.0), back_to=800_000.0)
    assert console.text.endswith("There may be more: not all of the history was read.")
    console.store.operation_changed(record("old", S.FAILED, 20_000.0))
    console.store.history_known(None)
    bridge.histories.pop()()
    assert console.text == "While you were away: 1 failed, 1 done."
    assert bridge.histories == []


def test_an_unreadable_note_tells_nothing_and_is_replaced(
    start: Callable[[], Console], tmp_path: Path
) -> None:
    last_look.path_for(tmp_path, "lab").write_bytes(b"\xff{")
    console = start()
    console.open(record("a", S.FAILED, 9_000.0))
    assert console.told == []
    assert looked(tmp_path).at == 10_000.0


# -- shown -------------------------------------------------------------------------------------
def test_one_calm_line_leads_to_the_rows_until_dismissed(
    window: MainWindow, store: Store, bridge: RecordingBridge, tmp_path: Path, qtbot: QtBot
) -> None:
    session = Session(store, bridge, window, Settings(), tmp_path)  # type: ignore[arg-type]
    last_look.save(tmp_path, "lab-small", LastLook(5_000.0))
    session._away.begin("lab-small")
    settle()
    fault = Fault(FaultCode.REJECTED, "The node failed.")
    failed = replace(record("f", S.FAILED, 6_000.0), fault=fault, group_id="g")
    store.operation_changed(failed, record("d", S.SUCCEEDED, 6_000.0))
    store.history_known(None)
    settle()
    line = window.findChild(QLabel, "digest")
    assert line is not None
    assert line.text() == "While you were away: 1 failed, 1 done."
    store.notice(Fault(FaultCode.LOST, "Something else."))
    assert line.isVisible()
    window._docks["operations"].hide()
    show = window.findChild(QToolButton, "digest_act")
    assert show is not None
    QTest.mouseClick(show, LEFT)
    panel = window.drawer.digest_panel
    assert panel.isVisible()
    assert panel.list.item(0).text() == "Failed: Drain f. The node failed."
    panel.list.setCurrentRow(1)
    QTest.keyClick(panel.list, Qt.Key.Key_Up)
    QTest.keyClick(panel.list, Qt.Key.Key_Return)
    assert window.drawer.story._chosen.record == failed
    at = panel.list.visualItemRect(panel.list.item(1)).center()
    QTest.mouseClick(panel.list.viewport(), LEFT, pos=at)
    assert window.drawer.story._chosen.record == store.operations["d"]
    dismiss = window.findChild(QToolButton, "digest_dismiss")
    assert dismiss is not None
    QTest.mouseClick(dismiss, LEFT)
    assert not panel.isVisible()
    assert not line.isVisible()
    assert window._notice.isVisible()  # the fault is another matter
    assert looked_at(tmp_path).owed == ()
    session._ageing.stop()


def looked_at(folder: Path) -> LastLook:
    settle()
    found = last_look.load(folder, "lab-small")
    assert found is not None
    return found


def test_minimizing_and_coming_back_is_noticed(window: MainWindow) -> None:
    told: list[bool] = []
    window.in_sight.connect(told.append)
    window.showMinimized()
    settle()
    window.showNormal()
    settle()
    assert told[0] is False
    assert told[-1] is True
