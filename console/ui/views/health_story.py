"""Why something is red, or green: a plain sentence first, then each chain from symptom to cause."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from console.health import Chain, Health, HealthLevel, Reason
from console.ui import theme
from console.ui.models.health_words import (
    link_words,
    story_text,
    warning_of,
    what_to_try,
    who_owns,
)
from console.ui.plain_text import plain
from console.ui.views.health_link import HealthLink, word_label

_NO_CHAINS: tuple[Chain, ...] = ()


class HealthStory(QScrollArea):
    """A page of links, reused from one telling to the next so that scroll and selection stay."""

    def __init__(self, parent: QWidget | None = None, *, has_headline: bool = False) -> None:
        super().__init__(parent)
        self._has_headline = has_headline  # where no title above says the sentence already
        self.setObjectName("health_story")
        self.setAccessibleName("Health: why")
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._page = QWidget(self)
        self._layout = QVBoxLayout(self._page)
        self._layout.setContentsMargins(4, 10, 8, 10)
        self._layout.setSpacing(2)
        self._headline = word_label(self._page, "health_headline")
        font = self._headline.font()
        font.setPointSizeF(font.pointSizeF() * 1.1)
        self._headline.setFont(font)
        self._layout.addWidget(self._headline)
        self._copy = QPushButton("&Copy this story", self._page)
        self._copy.setObjectName("health_copy")
        self._copy.clicked.connect(self._on_copy)
        self._layout.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignLeft)
        self._layout.addStretch(1)
        self._links: list[HealthLink] = []
        self._notes: list[QLabel] = []
        self._told: object = None
        self._text = ""
        self.setWidget(self._page)

    @property
    def text(self) -> str:
        """The story as plain text, as Copy gives it."""
        return self._text

    def show_health(
        self,
        health: Health | None,
        now: float,
        title: str = "",
        assured: tuple[Reason, ...] = (),
        headline: str = "",
    ) -> None:
        """Tell it; None empties the page. ``assured`` is told where nothing is wrong."""
        if health is None:
            health, title, assured = Health(HealthLevel.UNKNOWN, calm=" "), "", ()
        if health.chains:
            assured = ()
        self._text = story_text(title, health, assured, now, headline)
        if self._text == self._told:
            return
        self._told = self._text
        self._headline.setText(plain(headline or health.sentence))
        self._headline.setVisible(self._has_headline)
        self._copy.setVisible(bool(title))
        rows = self._rows(health, assured, now)
        for widget in (*self._links, *self._notes):
            self._layout.removeWidget(widget)
            widget.hide()
        self._place(rows, now)

    def _rows(self, health: Health, assured: tuple[Reason, ...], now: float) -> list[object]:
        rows: list[object] = []
        for chain in health.chains:
            rows.append("")
            rows += [(reason, at, len(chain)) for at, reason in enumerate(chain)]
            for name, text in (
                ("Mind", warning_of(chain)),
                ("What to try", what_to_try(chain)),
                ("Who can put it right", who_owns(chain)),
            ):
                if text:
                    rows.append(f"{name}:  {text}")
        if assured:
            rows.append("What speaks for it, and what is not known:")
            rows += [(reason, 0, 1) for reason in assured]
        return rows

    def _place(self, rows: list[object], now: float) -> None:
        links = notes = 0
        for at, row in enumerate(rows, start=1):
            if isinstance(row, tuple):
                if links == len(self._links):
                    self._links.append(HealthLink(self._page))
                reason, place, count = row
                link = self._links[links]
                links += 1
                words = link_words(reason, now, is_first=place == 0)
                has_next = place + 1 < count
                link.tell(reason, words, has_next=has_next, is_bold=count > 1 and not has_next)
                widget: QWidget = link
            else:
                if notes == len(self._notes):
                    self._notes.append(word_label(self._page))
                note = self._notes[notes]
                notes += 1
                note.setText(plain(str(row)))
                note.setForegroundRole(theme.MUTED_ROLE if not row else note.foregroundRole())
                widget = note
            self._layout.insertWidget(at, widget)
            widget.show()

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text)
