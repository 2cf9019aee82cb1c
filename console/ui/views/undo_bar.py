"""The bar under the map while an act is held back: what begins, when, Undo and Start now."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from console.ui import theme
from console.ui.grace import Grace
from console.ui.plain_text import plain


class UndoBar(QFrame):
    """Follows a ``Grace``; visible only while it holds something. Ctrl+Z is Undo then."""

    def __init__(self, grace: Grace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("undo_bar")
        self._grace = grace
        self._told = ""
        self.label = QLabel(self)
        self.label.setObjectName("undo_text")
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setMinimumWidth(1)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.more = QLabel(self)
        self.more.setObjectName("undo_more")
        self.more.setTextFormat(Qt.TextFormat.PlainText)
        self.more.setMinimumWidth(1)
        self.more.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.more.setForegroundRole(theme.MUTED_ROLE)
        self.undo = QPushButton("&Undo  (Ctrl+Z)", self)
        self.undo.setObjectName("undo")
        self.undo.clicked.connect(grace.undo)
        self.start = QPushButton("Start &now", self)
        self.start.setObjectName("start_now")
        self.start.clicked.connect(grace.start_now)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 10, 6)
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(self.label)
        texts.addWidget(self.more)
        row.addLayout(texts, 1)
        row.addWidget(self.undo)
        row.addWidget(self.start)
        self._key = QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self, grace.undo)
        self._key.setContext(Qt.ShortcutContext.WindowShortcut)
        grace.changed.connect(self._follow)
        self._colour()
        self._follow()

    def _follow(self) -> None:
        grace = self._grace
        # Without anything to take back the key belongs to the text field that has the cursor.
        self._key.setEnabled(grace.is_holding)
        self.setVisible(grace.is_holding)
        if not grace.is_holding:
            self._told = ""
            return
        begins = f"{grace.title} begins in {grace.seconds_left} s."
        self.label.setText(plain(f"{begins} Nothing was sent yet."))
        self.more.setText(plain(grace.told))
        self.more.setVisible(bool(grace.told))
        if self._told != grace.title:
            self._told = grace.title
            # Once, not every second: a screen reader would never come to an end.
            said = f"{begins} {grace.told} Control Z takes it back."
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def _colour(self) -> None:
        colors = theme.current()
        wanted = (
            f"#undo_bar {{ background: {colors.surface}; border: none;"
            f" border-left: 4px solid {colors.accent}; border-top: 1px solid {colors.line}; }}"
        )
        if self.styleSheet() != wanted:
            self.setStyleSheet(wanted)
