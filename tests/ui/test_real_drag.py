"""Real drags under a real X server: QDrag.exec with its nested loop, no event made up by us."""

import time
from collections.abc import Callable

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QDrag, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from console.model.finding import Finding, Severity, Verdict
from console.model.request import LiveMigrate
from console.model.snapshot import SnapshotDelta
from console.ui.main_window import MainWindow
from console.ui.views.cluster_map import ClusterMap
from tests.ui.conftest import RecordingBridge, press, settle
from tests.ui.sample import snapshot

pytestmark = pytest.mark.xvfb

STEP_MS = 30
STEPS = 8
RELEASED_MS = 50 + STEP_MS * (STEPS + 2)


@pytest.fixture(autouse=True)
def _needs_x(window: MainWindow, qtbot: QtBot) -> None:
    if QGuiApplication.platformName() != "xcb":
        pytest.skip("needs QT_QPA_PLATFORM=xcb and an X server")
    qtbot.waitExposed(window)
    # Traffic and a known issue of the release are notes; here every drop shall simply fit.
    cluster = window._store.inventory.cluster
    told = replace(cluster, migration_encrypted=True, release="2606")
    window._store.apply(SnapshotDelta(cluster=told))


def key_of(window: MainWindow, name: str) -> str:
    vm = window._store.inventory.vm_named(name)
    assert vm is not None
    return vm.key


def in_window(map_: ClusterMap, point: QPoint) -> QPoint:
    return map_.viewport().mapTo(map_.window(), point)


def drag(
    window: MainWindow,
    qtbot: QtBot,
    start: QPoint,
    end: Callable[[], QPoint],
    *,
    at_end: Callable[[], None] | None = None,
    release: bool = True,
    button: Qt.MouseButton = Qt.MouseButton.LeftButton,
) -> None:
    """Press on a point of the map, move to another, release; returns when the drag has ended.

    ``end`` is asked under way: the map shows other things while VMs are lifted. ``at_end`` runs
    while the mouse rests there.
    """
    map_, handle = window.map, window.window().windowHandle()
    none = Qt.KeyboardModifier.NoModifier
    first = in_window(map_, start)
    ended: list[bool] = []
    exec_ = map_._after_drag

    def after() -> None:
        exec_()
        ended.append(True)

    map_._after_drag = after  # type: ignore[method-assign]

    def move(step: int) -> None:
        if step <= 2:  # enough to lift; only then is it asked where to go
            QTest.mouseMove(handle, first + QPoint(14, 4) * step)
            return
        way = in_window(map_, end()) - first
        QTest.mouseMove(handle, first + way * (step / STEPS))

    for step in range(1, STEPS + 1):
        QTimer.singleShot(50 + STEP_MS * step, lambda step=step: move(step))
    if at_end is not None:
        QTimer.singleShot(50 + STEP_MS * (STEPS + 1), at_end)
    if release:
        QTimer.singleShot(
            RELEASED_MS,
            lambda: QTest.mouseRelease(handle, button, none, in_window(map_, end())),
        )
    watchdog = QTimer(singleShot=True, interval=4000)
    watchdog.timeout.connect(QDrag.cancel)
    watchdog.start()
    QTest.mousePress(handle, button, none, first)
    qtbot.waitUntil(lambda: bool(ended), timeout=6000)
    watchdog.stop()
    settle()


def test_a_tile_dragged_to_a_node_asks_for_its_move(
    window: MainWindow, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    map_, key = window.map, key_of(window, "app-05")
    source = window._store.inventory.vms[key].owner_node or ""
    target = next(name for name in window._store.inventory.nodes if name != source)
    seen: list[set[str]] = []

    def look() -> None:
        assert map_.lifted is not None
        seen.append(set(map_.lifted.verdicts))
        assert map_.lifted.hovered == target
        assert map_._panel.isVisible()

    drag(
        window,
        qtbot,
        map_.tile_rect(key).center(),
        lambda: map_.card_rect(target).center(),
        at_end=look,
    )
    assert seen == [set(window._store.inventory.nodes)]
    assert bridge.requests == []
    press(window, "start_now")
    assert bridge.requests == [LiveMigrate(key, "app-05", source, target)]
    assert map_.lifted is None
    assert key in next(card.keys for card in map_.cards if card.node == source)


def test_a_selection_is_dragged_as_a_whole(
    window: MainWindow, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    map_ = window.map
    keys = map_.cards[0].keys[1:4]
    map_.select(set(keys), cursor=keys[0])
    target = map_.cards[1].node
    drag(
        window,
        qtbot,
        map_.tile_rect(keys[1]).center(),
        lambda: map_.card_rect(target).center(),
    )
    press(window, "start_now")
    assert [r.vm_key for r in bridge.requests if isinstance(r, LiveMigrate)] == list(keys)
    assert len({group for _request, _secrets, group in bridge.submitted}) == 1


def test_a_refused_drop_pins_its_reasons(
    window: MainWindow, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    map_ = window.map
    vm = next(vm for vm in window._store.inventory.vms.values() if "control" in vm.name)
    target = next(card.node for card in map_.cards if card.node != vm.owner_node)
    drag(
        window,
        qtbot,
        map_.tile_rect(vm.key).center(),
        lambda: map_.card_rect(target).center(),
    )
    assert bridge.requests == []
    assert map_.lifted is not None
    assert map_.lifted.is_pinned
    assert map_._panel.isVisible()
    qtbot.wait(150)
    assert map_._panel.isVisible()
    map_.setFocus()
    QTest.keyClick(map_, Qt.Key.Key_Escape)
    assert map_.lifted is None


def test_let_go_beside_the_map_nothing_happens(
    window: MainWindow, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    map_, key = window.map, key_of(window, "app-05")
    beside = QPoint(map_.viewport().width() + 120, 300)
    drag(window, qtbot, map_.tile_rect(key).center(), lambda: beside)
    assert bridge.requests == []
    assert map_.lifted is None
    assert not map_._panel.isVisible()


def test_put_down_at_home_nothing_happens(
    window: MainWindow, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    map_, key = window.map, key_of(window, "app-05")
    home = window._store.inventory.vms[key].owner_node or ""
    drag(
        window,
        qtbot,
        map_.tile_rect(key).center(),
        lambda: map_.card_rect(home).bottomRight() - QPoint(30, 20),
    )
    assert bridge.requests == []
    assert map_.lifted is None


def test_escape_gives_up(window: MainWindow, bridge: RecordingBridge, qtbot: QtBot) -> None:
    map_, key = window.map, key_of(window, "app-05")
    target = next(
        card.node for card in map_.cards if card.node != window._store.inventory.vms[key].owner_node
    )
    drag(
        window,
        qtbot,
        map_.tile_rect(key).center(),
        lambda: map_.card_rect(target).center(),
        at_end=lambda: QTest.keyClick(window.windowHandle(), Qt.Key.Key_Escape),
        release=False,
    )
    QTest.mouseRelease(window.windowHandle(), Qt.MouseButton.LeftButton)
    assert bridge.requests == []
    assert map_.lifted is None


def test_a_node_out_of_sight_is_reached_by_its_chip(
    window: MainWindow, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    map_ = window.map
    window._store.replace(snapshot("large"))
    settle(30)
    key = map_.cards[0].keys[0]
    far = map_.cards[-1].node
    assert not map_.viewport().rect().contains(map_.card_rect(far))

    def chip() -> QPoint:
        return next(chip.area.center() for chip in map_.chips if chip.node == far)

    drag(window, qtbot, map_.tile_rect(key).center(), chip)
    press(window, "notes_move")
    press(window, "start_now")
    assert [r.target for r in bridge.requests if isinstance(r, LiveMigrate)] == [far]
    assert map_.chips == []


def test_a_drop_with_notes_opens_the_sheet_and_sends_nothing(
    window: MainWindow, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    window._store.replace(snapshot("small"))
    settle(30)
    map_, key = window.map, key_of(window, "app-05")
    source = window._store.inventory.vms[key].owner_node or ""
    target = next(card.node for card in map_.cards if card.node != source)
    start = map_.tile_rect(key).center()
    drag(window, qtbot, start, lambda: map_.card_rect(target).center())
    assert window.ways.notes.isVisible()
    assert bridge.requests == []
    press(window, "notes_leave")
    assert not window.actions_table.moving.grace.is_holding


def test_a_drop_is_taken_back_by_key(
    window: MainWindow, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    map_, key = window.map, key_of(window, "app-05")
    source = window._store.inventory.vms[key].owner_node or ""
    target = next(card.node for card in map_.cards if card.node != source)
    start = map_.tile_rect(key).center()
    drag(window, qtbot, start, lambda: map_.card_rect(target).center())
    assert window.actions_table.moving.grace.is_holding
    control = Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Z, control)
    settle()
    assert not window.actions_table.moving.grace.is_holding
    assert bridge.requests == []


def test_space_unfolds_the_reasons_and_the_drag_goes_on(
    window: MainWindow, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    window._store.replace(snapshot("small"))
    settle(30)
    map_, key = window.map, key_of(window, "app-05")
    source = window._store.inventory.vms[key].owner_node or ""
    target = next(card.node for card in map_.cards if card.node != source)
    told: list[str] = []

    def look() -> None:
        told.append(map_._panel.text())
        QTest.keyClick(window.windowHandle(), Qt.Key.Key_Space)
        told.append(map_._panel.text())

    start = map_.tile_rect(key).center()
    drag(window, qtbot, start, lambda: map_.card_rect(target).center(), at_end=look)
    assert len(told) == 2
    assert "What to do:" not in told[0]
    assert "What to do:" in told[1]
    # It was dropped afterwards: the key neither ended nor spoiled the drag, nor selected a tile.
    assert window.ways.notes.isVisible()
    assert map_.selected == {key}
    press(window, "notes_leave")


def test_the_cluster_is_asked_while_the_mouse_is_down(
    window: MainWindow, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    map_, key = window.map, key_of(window, "app-05")
    source = window._store.inventory.vms[key].owner_node or ""
    target = next(name for name in window._store.inventory.nodes if name != source)

    def answer_now() -> None:
        assert map_.lifted is not None
        keys, _targets, told = bridge.move_checks[0]
        assert keys == (key,)
        gone = Finding("node_is_up", Severity.BLOCKS, f"{target} went down.")
        verdict = map_.lifted.verdicts[target]
        told((replace(verdict, verdict=Verdict.CANNOT, findings=(gone,)),), time.time())

    start = map_.tile_rect(key).center()
    drag(window, qtbot, start, lambda: map_.card_rect(target).center(), at_end=answer_now)
    assert bridge.requests == []
    assert not window.actions_table.moving.grace.is_holding
    assert map_.lifted is not None
    assert map_.lifted.is_pinned
    assert f"{target} went down." in map_._panel.text()
    map_.dismiss()


def test_the_right_button_asks_how(
    window: MainWindow, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    map_, key = window.map, key_of(window, "app-05")
    source = window._store.inventory.vms[key].owner_node or ""
    target = next(name for name in window._store.inventory.nodes if name != source)
    start = map_.tile_rect(key).center()
    right = Qt.MouseButton.RightButton
    drag(window, qtbot, start, lambda: map_.card_rect(target).center(), button=right)
    menu = window.findChild(QMenu, "drop_menu")
    assert menu is not None
    qtbot.waitUntil(menu.isVisible, timeout=2000)
    assert bridge.requests == []
    QTest.keyClick(menu, Qt.Key.Key_L)
    settle()
    press(window, "start_now")
    assert bridge.requests == [LiveMigrate(key, "app-05", source, target)]


def test_the_right_button_on_a_node_that_refuses_says_why(
    window: MainWindow, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    map_ = window.map
    vm = next(vm for vm in window._store.inventory.vms.values() if "control" in vm.name)
    target = next(card.node for card in map_.cards if card.node != vm.owner_node)
    start = map_.tile_rect(vm.key).center()
    right = Qt.MouseButton.RightButton
    drag(window, qtbot, start, lambda: map_.card_rect(target).center(), button=right)
    menu = window.findChild(QMenu, "drop_menu")
    assert menu is not None
    live = next(action for action in menu.actions() if action.objectName() == "drop_live")
    assert not live.isEnabled()
    QTest.keyClick(menu, Qt.Key.Key_Escape)
    settle()
    assert bridge.requests == []
    assert map_.lifted is None


def test_escape_with_the_right_button_opens_no_menu(
    window: MainWindow, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    map_, key = window.map, key_of(window, "app-05")
    source = window._store.inventory.vms[key].owner_node
    target = next(card.node for card in map_.cards if card.node != source)
    drag(
        window,
        qtbot,
        map_.tile_rect(key).center(),
        lambda: map_.card_rect(target).center(),
        at_end=lambda: QTest.keyClick(window.windowHandle(), Qt.Key.Key_Escape),
        release=False,
        button=Qt.MouseButton.RightButton,
    )
    QTest.mouseRelease(window.windowHandle(), Qt.MouseButton.RightButton)
    qtbot.wait(50)
    assert not [menu for menu in window.findChildren(QMenu, "drop_menu") if menu.isVisible()]
    assert bridge.requests == []
    assert map_.lifted is None
