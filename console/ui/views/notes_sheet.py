"""The sheet over the map for a move that fits with notes: read them, then move or leave it."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from console.ui import theme
from console.ui.move_offer import MoveOffer
from console.ui.plain_text import plain
from console.ui.views.findings_list import FindingsList

_WIDTH_LETTERS = 52


class NotesSheet(QFrame):
    """Signal: ``accepted(MoveOffer)``. Not modal: the map stays in use while it is read."""

    accepted = Signal(object)

    def __init__(self, over: QWidget) -> None:
        """``over`` is what it lies on: in its layout the map would be arranged anew by a drop."""
        super().__init__(over)
        over.installEventFilter(self)
        self.setObjectName("notes_sheet")
        self._asked: MoveOffer | None = None
        self._back: QWidget | None = None
        self._title, self._outlook = QLabel(self), QLabel(self)
        self.findings = FindingsList(self)
        self.findings.setObjectName("notes_text")
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self._outlook.setForegroundRole(theme.MUTED_ROLE)
        for label in (self._title, self._outlook):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setMinimumWidth(1)
        self._move = QPushButton("&Move anyway", self)
        self._move.setObjectName("notes_move")
        self._move.clicked.connect(self._accept)
        leave = QPushButton("&Leave it", self)
        leave.setObjectName("notes_leave")
        leave.clicked.connect(self.leave)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(leave)
        buttons.addWidget(self._move)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 14, 12)
        layout.addWidget(self._title)
        layout.addWidget(self._outlook)
        layout.addWidget(self.findings, 1)
        layout.addLayout(buttons)
        self.setFixedWidth(_WIDTH_LETTERS * self.fontMetrics().averageCharWidth())
        self._colour()
        self.hide()

    def show_offer(self, made: MoveOffer, back: QWidget | None) -> None:
        """Ask about these moves; ``back`` gets the keyboard when it was answered."""
        self._asked, self._back = made, back
        self._title.setText(plain(f"{made.title}: {made.verdict}"))
        self._outlook.setText(plain(made.figures()))
        self.findings.show_findings(made.reasons(), is_whole=True)
        self.setAccessibleName(self._title.text())
        self.setAccessibleDescription(f"{self._outlook.text()}. {self.findings.text()}")
        self._take_place()
        self.show()
        self.raise_()
        self._move.setFocus(Qt.FocusReason.PopupFocusReason)
        said = f"{self._title.text()}. {self.findings.text()}"
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))

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
        asked = self._asked
        self.leave()
        if asked is not None:
            self.accepted.emit(asked)

    def _colour(self) -> None:
        colors = theme.current()
        wanted = (
            f"#notes_sheet {{ background: {colors.surface}; border: none;"
            f" border-left: 4px solid {colors.attention}; }} #notes_text {{ background: none; }}"
        )
        if self.styleSheet() != wanted:
            self.setStyleSheet(wanted)
