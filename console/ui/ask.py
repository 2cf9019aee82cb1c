"""Questions and reports to the person: shown with open(), answered by a callback, never exec().

Tests put an object with the same methods in place of ``Ask``.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget

from console.ui.plain_text import plain

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMessageBox


class _OpensWhenSeen(QObject):
    """Of a box whose tab is out of sight; ends with the box."""

    def __init__(self, box: "QMessageBox") -> None:
        super().__init__(box)
        self._box = box

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self._box, self._box.open)
        return False


class Ask:
    """Dialogs over one window."""

    def __init__(self, window: QWidget) -> None:
        self._window = window

    def confirm(
        self,
        title: str,
        text: str,
        action: str,
        on_yes: Callable[[], None],
        *,
        detail: str = "",
        on_remember: Callable[[], None] | None = None,
    ) -> "QMessageBox":
        """Ask before an act; ``action`` is the button's word, ``on_remember`` offers silence."""
        from PySide6.QtWidgets import QCheckBox, QMessageBox

        box = self._box(title, text, detail)
        yes = box.addButton(action, QMessageBox.ButtonRole.AcceptRole)
        yes.setObjectName("ask_yes")
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(yes)
        remember = None
        if on_remember is not None:
            remember = QCheckBox("Do not ask again", box)
            remember.setObjectName("ask_remember")
            box.setCheckBox(remember)

        def finished() -> None:
            if box.clickedButton() is not yes:
                return
            if remember is not None and remember.isChecked() and on_remember is not None:
                on_remember()
            on_yes()

        box.finished.connect(lambda _result: finished())
        self._open(box)
        return box

    def report(self, title: str, text: str, detail: str = "") -> "QMessageBox":
        """Tell something that needs no decision."""
        from PySide6.QtWidgets import QMessageBox

        box = self._box(title, text, detail)
        box.addButton(QMessageBox.StandardButton.Ok)
        self._open(box)
        return box

    def _open(self, box: "QMessageBox") -> None:
        """Now, or when somebody looks: a tab out of sight puts nothing over what is seen."""
        if self._window.isVisible() or self._window.isWindow():
            box.open()
        else:
            self._window.installEventFilter(_OpensWhenSeen(box))

    def _box(self, title: str, text: str, detail: str) -> "QMessageBox":
        from PySide6.QtWidgets import QMessageBox

        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setObjectName("ask")
        box.setWindowTitle(title)
        box.setText(plain(text))
        if detail:
            box.setDetailedText(plain(detail))
        return box
