"""The sheet over the map for a move that fits with notes: read them, then move or leave it."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from console.model.finding import NodeVerdict
from console.ui import theme
from console.ui.models.move_words import outlook_text
from console.ui.plain_text import plain

_WIDTH_LETTERS = 46


class NotesSheet(QFrame):
    """Signal: ``accepted(keys, node)``. Not modal: the map stays in use while it is read."""

    accepted = Signal(tuple, str)

    def __init__(self, over: QWidget) -> None:
        """``over`` is what it lies on: in its layout the map would be arranged anew by a drop."""
        super().__init__(over)
        over.installEventFilter(self)
        self.setObjectName("notes_sheet")
        self._accepted: set[tuple[str, str]] = set()
        self._asked: NodeVerdict | None = None
        self._keys: tuple[str, ...] = ()
        self._node = ""
        self._back: QWidget | None = None
        self._title, self._outlook, self._text = QLabel(self), QLabel(self), QLabel(self)
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self._outlook.setForegroundRole(theme.MUTED_ROLE)
        self._text.setAlignment(Qt.AlignmentFlag.AlignTop)
        for label in (self._title, self._outlook, self._text):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setMinimumWidth(1)
        self._text.setObjectName("notes_text")
        self._move = QPushButton("&Move anyway", self)
        self._move.setObjectName("notes_move")
        self._move.clicked.connect(self._accept)
        leave = QPushButton("&Leave it", self)
        leave.setObjectName("notes_leave")
        leave.clicked.connect(self.leave)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self._text)
        for surface in (area.viewport(), self._text):
            surface.setAutoFillBackground(False)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(leave)
        buttons.addWidget(self._move)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 14, 12)
        layout.addWidget(self._title)
        layout.addWidget(self._outlook)
        layout.addWidget(area, 1)
        layout.addLayout(buttons)
        self.setFixedWidth(_WIDTH_LETTERS * self.fontMetrics().averageCharWidth())
        self._colour()
        self.hide()

    def was_accepted(self, verdict: NodeVerdict) -> bool:
        """Whether every one of these notes was read and accepted in this run of the console.

        What holds for every move of a cluster would otherwise be asked with each of them.
        """
        return _notes(verdict) <= self._accepted

    def show_notes(
        self, keys: tuple[str, ...], what: str, verdict: NodeVerdict, back: QWidget
    ) -> None:
        """Ask about these VMs; ``back`` gets the keyboard when it was answered."""
        self._asked = verdict
        self._keys, self._node, self._back = keys, verdict.node, back
        self._title.setText(plain(f"Move {what} to {verdict.node}: {verdict.verdict}"))
        self._outlook.setText(plain(outlook_text(verdict)))
        notes = (
            "\n".join(filter(None, (f"•  {finding.text}", finding.remedy)))
            for finding in verdict.findings
        )
        self._text.setText(plain("\n\n".join(notes)))
        self.setAccessibleName(self._title.text())
        self.setAccessibleDescription(self._text.text())
        self._take_place()
        self.show()
        self.raise_()
        self._move.setFocus(Qt.FocusReason.PopupFocusReason)

    def leave(self) -> None:
        """Nothing is moved."""
        self.hide()
        if self._back is not None:
            self._back.setFocus(Qt.FocusReason.PopupFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._take_place()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def _take_place(self) -> None:
        over = self.parentWidget()
        assert over is not None
        self.setGeometry(over.width() - self.width(), 0, self.width(), over.height())

    def _accept(self) -> None:
        if self._asked is not None:
            self._accepted |= _notes(self._asked)
        self.leave()
        self.accepted.emit(self._keys, self._node)

    def _colour(self) -> None:
        colors = theme.current()
        wanted = (
            f"#notes_sheet {{ background: {colors.surface}; border: none;"
            f" border-left: 4px solid {colors.attention}; }} #notes_text {{ background: none; }}"
        )
        if self.styleSheet() != wanted:
            self.setStyleSheet(wanted)


def _notes(verdict: NodeVerdict) -> set[tuple[str, str]]:
    return {(finding.check, finding.text) for finding in verdict.findings}
