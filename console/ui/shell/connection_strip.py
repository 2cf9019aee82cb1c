"""The strip of open connections: a tab bar that tells how each of them is, and a way to another."""

from typing import NamedTuple

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QTabBar, QToolButton, QWidget

from console.ui import theme
from console.ui.plain_text import tip
from console.ui.shell.page_state import PageState
from console.ui.shell.tab_entries import ANOTHER, CLOSE, CLOSE_OTHERS, RECONNECT

_LONGEST_NAME = 30


class TabFace(NamedTuple):
    """What one tab shows."""

    name: str
    is_lab: bool
    state: PageState


class ConnectionStrip(QWidget):
    """Signals: ``chosen(int)``; ``moved(int, int)`` from and to; ``wanted(act, int)``, an act of
    ``tab_entries`` on the tab at that place.
    """

    chosen = Signal(int)
    moved = Signal(int, int)
    wanted = Signal(str, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("connection_strip")
        self.bar = _Bar(self)
        self.bar.setObjectName("connections")
        self.bar.setAccessibleName("Open connections")
        self.bar.currentChanged.connect(self.chosen)
        self.bar.tabMoved.connect(self.moved)
        self.bar.menu_wanted.connect(self._open_menu)
        another = QToolButton(self)
        another.setObjectName("another_connection")
        another.setText("+")
        another.setAccessibleName("Open another connection")
        another.setToolTip("Open another connection (Ctrl+Shift+N)")
        another.clicked.connect(lambda _=False: self.wanted.emit(ANOTHER, self.bar.currentIndex()))
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 0)
        row.setSpacing(4)
        row.addWidget(self.bar)
        row.addWidget(another, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
        self._faces: list[TabFace] = []
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._colour()

    def show_faces(self, faces: list[TabFace], current: int) -> None:
        """Show these tabs in this order; nothing is signalled."""
        if faces == self._faces and current == self.bar.currentIndex():
            return
        self.bar.blockSignals(True)
        while self.bar.count() > len(faces):
            self.bar.removeTab(self.bar.count() - 1)
        while self.bar.count() < len(faces):
            self._add()
        for at, face in enumerate(faces):
            if at >= len(self._faces) or self._faces[at] != face:
                self._show(at, face)
        self.bar.setCurrentIndex(current)
        self.bar.blockSignals(False)
        self._faces = list(faces)

    def _add(self) -> None:
        at = self.bar.addTab("")
        close = QToolButton(self.bar)
        close.setObjectName("close_connection")
        close.setText("\u00d7")
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        close.clicked.connect(lambda _=False: self._close_of(close))
        self.bar.setTabButton(at, QTabBar.ButtonPosition.RightSide, close)

    def _close_of(self, close: QToolButton) -> None:
        """Tabs change places: whose button it is, is asked when it is pressed."""
        side = QTabBar.ButtonPosition.RightSide
        at = next(at for at in range(self.bar.count()) if self.bar.tabButton(at, side) is close)
        self.wanted.emit(CLOSE, at)

    def _show(self, at: int, face: TabFace) -> None:
        state = face.state
        close = self.bar.tabButton(at, QTabBar.ButtonPosition.RightSide)
        close.setAccessibleName(f"Close {face.name}")
        close.setToolTip(tip(f"Close {face.name} (Ctrl+W)"))
        name = face.name
        if len(name) > _LONGEST_NAME:
            name = f"{name[: _LONGEST_NAME - 1]}…"  # the tool tip has all of it
        count = f"  ({state.alarms})" if state.alarms else ""
        # Qt reads an ampersand as the mark of a key.
        self.bar.setTabText(at, f"{name}{count}".replace("&", "&&"))
        self.bar.setTabIcon(at, theme.shape_icon(state.shape, state.token))
        kind = "simulated lab, " if face.is_lab else ""
        self.bar.setTabToolTip(at, tip(f"{face.name}\n{kind}{state.words}"))
        self.bar.setAccessibleTabName(at, f"{face.name}: {kind}{state.words}")
        side = QTabBar.ButtonPosition.LeftSide
        mark = self.bar.tabButton(at, side)
        if face.is_lab and mark is None:
            self.bar.setTabButton(at, side, _lab_mark(self.bar))
        elif not face.is_lab and mark is not None:
            self.bar.setTabButton(at, side, None)
            mark.deleteLater()

    def _open_menu(self, at: int, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setObjectName("connection_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for act, text in (
            (CLOSE, "&Close"),
            (CLOSE_OTHERS, "Close the &others"),
            (RECONNECT, "&Reconnect"),
            (ANOTHER, "Open a&nother connection…"),
        ):
            entry = menu.addAction(text)
            entry.setObjectName(act)
            entry.setEnabled(act != CLOSE_OTHERS or self.bar.count() > 1)
            entry.triggered.connect(lambda _=False, act=act: self.wanted.emit(act, at))
        menu.popup(where)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()
            # Shapes are painted in the theme's colours.
            for at, face in enumerate(self._faces):
                self.bar.setTabIcon(at, theme.shape_icon(face.state.shape, face.state.token))

    def _colour(self) -> None:
        colors = theme.current()
        wanted = (
            f"#connection_strip {{ border-bottom: 1px solid {colors.line}; }}"
            "#close_connection, #another_connection { border: 1px solid transparent;"
            f" background: transparent; color: {colors.muted}; border-radius: 4px;"
            " padding: 0 0.3em; }"
            "#another_connection { padding: 0.15em 0.55em; }"
            "#close_connection:hover, #another_connection:hover, #another_connection:focus"
            f" {{ border-color: {colors.accent}; color: {colors.text}; }}"
        )
        if self.styleSheet() != wanted:
            self.setStyleSheet(wanted)


class _Bar(QTabBar):
    """Signal: ``menu_wanted(int, QPoint)``, by the mouse or by the key for menus."""

    menu_wanted = Signal(int, QPoint)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setDocumentMode(True)
        self.setMovable(True)
        self.setExpanding(False)
        self.setUsesScrollButtons(True)
        self.setElideMode(Qt.TextElideMode.ElideNone)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        is_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        at = self.currentIndex() if is_key else self.tabAt(event.pos())
        if at >= 0:
            where = self.mapToGlobal(self.tabRect(at).center()) if is_key else event.globalPos()
            self.menu_wanted.emit(at, where)


def _lab_mark(parent: QWidget) -> QLabel:
    mark = QLabel("LAB", parent)
    mark.setObjectName("tab_lab_mark")
    mark.setTextFormat(Qt.TextFormat.PlainText)
    mark.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    mark.setStyleSheet(
        "QLabel { background: palette(highlight); color: palette(highlighted-text);"
        " padding: 0 5px; border-radius: 3px; }"
    )
    return mark
