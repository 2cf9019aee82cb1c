"""A painted area takes input and the background like any scroll area of Qt's."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea
from pytestqt.qtbot import QtBot

from console.ui.views.painted_area import PaintedArea


def test_its_viewport_is_as_that_of_qt(qtbot: QtBot) -> None:
    ours, theirs = PaintedArea(), QAbstractScrollArea()
    for area in (ours, theirs):
        qtbot.addWidget(area)
        area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        area.show()
    for ask in ("backgroundRole", "autoFillBackground", "focusPolicy", "hasMouseTracking",
                "isVisible", "geometry"):  # fmt: skip
        assert getattr(ours.viewport(), ask)() == getattr(theirs.viewport(), ask)(), ask
    assert ours.viewport().focusProxy() is ours


def test_what_is_pressed_in_it_arrives(qtbot: QtBot) -> None:
    pressed: list[QPoint] = []

    class Area(PaintedArea):
        def mousePressEvent(self, event: QMouseEvent) -> None:
            pressed.append(event.position().toPoint())

        def mouseReleaseEvent(self, event: QMouseEvent) -> None:
            event.accept()

    area = Area()
    qtbot.addWidget(area)
    area.show()
    QTest.mouseClick(area.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(7, 9))
    assert pressed == [QPoint(7, 9)]
