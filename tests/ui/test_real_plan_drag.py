"""Real drags of a plan's rows and in planning mode, under a real X server."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QDrag, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QWidget
from pytestqt.qtbot import QtBot

from console.ui.main_window import MainWindow
from console.ui.views.planning_mode import PlanningMode
from tests.ui.conftest import RecordingBridge, settle
from tests.ui.plan_windows import opened_plan

pytestmark = pytest.mark.xvfb
_STEP_MS, _STEPS = 30, 8


@pytest.fixture(autouse=True)
def _needs_x(window: MainWindow, qtbot: QtBot) -> None:
    if QGuiApplication.platformName() != "xcb":
        pytest.skip("needs QT_QPA_PLATFORM=xcb and an X server")
    qtbot.waitExposed(window)


def drag(
    view: QAbstractScrollArea,
    qtbot: QtBot,
    start: QPoint,
    end: QPoint,
    has_ended: Callable[[], bool],
) -> None:
    """Press, move and release the real mouse inside one window."""
    handle = view.window().windowHandle()
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier

    def there(point: QPoint) -> QPoint:
        return view.viewport().mapTo(view.window(), point)

    first, way = there(start), there(end) - there(start)
    for step in range(1, _STEPS + 1):
        point = first + QPoint(0, 6) * step if step <= 2 else first + way * (step / _STEPS)
        QTimer.singleShot(50 + _STEP_MS * step, lambda point=point: QTest.mouseMove(handle, point))
    release = 50 + _STEP_MS * (_STEPS + 3)
    QTimer.singleShot(release, lambda: QTest.mouseRelease(handle, left, none, first + way))
    watchdog = QTimer(singleShot=True, interval=4000)
    watchdog.timeout.connect(QDrag.cancel)
    watchdog.start()
    QTest.mousePress(handle, left, none, first)
    qtbot.waitUntil(has_ended, timeout=6000)
    watchdog.stop()
    settle()


def show_alone(view: QWidget, qtbot: QtBot) -> None:
    view.move(0, 0)
    view.raise_()
    view.activateWindow()
    qtbot.waitExposed(view)
    qtbot.wait(100)


def test_a_row_is_dragged_below_others(
    window: MainWindow, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    with opened_plan(window) as plan:
        show_alone(plan, qtbot)
        table = plan.page.table
        before = [step.move.vm_key for step in plan.page.outlook.steps]

        def box(row: int) -> QPoint:
            return table.visualRect(table.rows.index(row, 1)).center()

        low_edge = table.visualRect(table.rows.index(3, 1)).bottomLeft() + QPoint(20, -1)
        table.choose([0])
        drag(table, qtbot, box(0), low_edge, lambda: plan.page.has_changes)
        after = [step.move.vm_key for step in plan.page.outlook.steps]
        assert after[:4] == [*before[1:4], before[0]]
        assert table.chosen == (3,)
        assert bridge.requests == []


def test_a_tile_is_dragged_in_planning_mode(
    window: MainWindow, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    window.plans.arrange()
    mode = window.findChild(PlanningMode)
    assert mode is not None
    show_alone(mode, qtbot)
    vm = window._store.inventory.vm_named("app-05")
    assert vm is not None
    other = next(n for n in window._store.inventory.nodes if n != vm.owner_node)
    start, end = mode.map.tile_rect(vm.key).center(), mode.map.card_rect(other).center()
    drag(mode.map, qtbot, start, end, lambda: bool(mode.copy.moves))
    assert [(move.vm_key, move.target) for move in mode.copy.moves] == [(vm.key, other)]
    assert window._store.inventory.vms[vm.key].owner_node == vm.owner_node
    assert bridge.requests == []
    mode.close()
