"""A window over one moment of the stored past: its stripe, its way through time, and its frame.

By construction nothing in it acts: its views stand on a store that no wire feeds, and nothing here
holds a way to ask the worker for anything but another moment.
"""

import math
import time
import uuid
from collections.abc import Callable

from PySide6.QtCore import QDateTime, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDateTimeEdit,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from console.model.fleet_moment import FleetMoment
from console.model.moment import Moment
from console.ui.bridge import OnChore, chores
from console.ui.past import words
from console.ui.plain_text import one_line, plain
from console.ui.views.band import Band, Frame

_COLOUR = "unknown"


class PastShell(QMainWindow):
    """What every window of the past has; ``build`` is called once, for what it shows of it.

    Signal: ``shown(moment)`` when another moment is on the screen.
    """

    shown = Signal(object)

    def __init__(
        self,
        name: str,
        ask: Callable[[chores.Ask, OnChore], None],
        give_up: Callable[[str], None],
        moment: Moment | FleetMoment,
        parent: QWidget | None = None,
    ) -> None:
        """``name``: whose past it is."""
        super().__init__(parent, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._name = plain(one_line(name))
        self._ask, self._give_up = ask, give_up
        self._token = ""
        self.moment: Moment | FleetMoment = moment
        for key, act in (
            ("Esc", self.close),
            ("Alt+Left", lambda: self._go(self.moment.earlier)),
            ("Alt+Right", lambda: self._go(self.moment.later)),
            ("Ctrl+F", self.go_to_search),
        ):
            QShortcut(QKeySequence(key), self).activated.connect(act)
        if parent is not None:
            self.resize(parent.window().size())

    # -- what each of them is ------------------------------------------------------------------
    def question(self, token: str, at: float) -> chores.Ask:
        """How a moment is asked for."""
        raise NotImplementedError

    def take(self, moment: Moment | FleetMoment) -> None:
        """Put a moment that holds something on the screen; ``settle`` when that is done."""
        raise NotImplementedError

    def go_to_search(self) -> None:
        """Go to the search."""

    def now_text(self) -> str:
        """What goes on meanwhile: the past must hide no alarm."""
        raise NotImplementedError

    # -- going ---------------------------------------------------------------------------------
    def go(self, at: float) -> None:
        """Ask for this moment; what is shown stays until it is there."""
        if self._token:
            self._give_up(self._token)
        self._token = str(uuid.uuid4())
        self._belief.setText("Reading what is stored…")
        self._ask(self.question(self._token, at), self._on_answer)

    @property
    def chosen(self) -> float:
        """The moment in the field, wall-clock seconds."""
        return self._chooser.dateTime().toMSecsSinceEpoch() / 1000

    def settle(self, moment: Moment | FleetMoment) -> None:
        """This is the moment on the screen now."""
        self.moment = moment
        self._tell()
        self.shown.emit(moment)

    def tell_now(self) -> None:
        """Say anew what goes on meanwhile."""
        self._now.setText(plain(self.now_text()))

    def say(self, text: str) -> None:
        """In the line that tells how far the moment can be believed."""
        self._belief.setText(plain(text))

    # -- inside --------------------------------------------------------------------------------
    def _on_answer(self, answer: chores.Answer | None) -> None:
        if not isValid(self):
            return
        if answer is None:
            self._token = ""
            self._belief.setText("The worker stopped while it read. Choose the moment again.")
            return
        if (
            not isinstance(answer, chores.MomentRead | chores.FleetMomentRead)
            or answer.token != self._token
        ):
            return
        self._token = ""
        if answer.fault is not None:
            self.say(f"{answer.fault.summary} {answer.fault.remedy}")
            return
        found = answer.moment
        if found.snapshot is not None:
            self.take(found)
        elif self.moment.snapshot is not None:
            self.say(words.belief_text(found))  # what is on the screen keeps its own moment
        elif found.first is not None and found.first != found.asked_at:
            self.go(found.first)  # the oldest that there is says where the past begins
        else:
            self.settle(found)

    def _tell(self) -> None:
        moment = self.moment
        text = words.band_text(moment, self._name, time.time())
        self._band.setText(plain(text))
        self._band.setAccessibleName(plain(text))
        self.say(words.belief_text(moment))
        when = "not stored" if moment.snapshot is None else words.moment_text(moment.asked_at)
        self.setWindowTitle(plain(f"THE PAST of {self._name}, {when}"))
        QAccessible.updateAccessibility(QAccessibleEvent(self._band, QAccessible.Event.Alert))
        self._earlier.setEnabled(moment.earlier is not None)
        self._later.setEnabled(moment.later is not None)
        self._chooser.blockSignals(True)
        if moment.first is not None:
            self._chooser.setMinimumDateTime(_date(moment.first))
            self._chooser.setMaximumDateTime(_date(time.time()))
        self._chooser.setDateTime(_date(moment.asked_at))
        self._chooser.blockSignals(False)
        self.tell_now()
        self._content.setEnabled(moment.snapshot is not None)

    def _go(self, at: float | None) -> None:
        if at is not None:
            self.go(at)

    def place(self, content: QWidget) -> None:
        """Put the window together around what it shows."""
        self._content = content
        self._band = Band(_COLOUR, "", self)
        self._band.setObjectName("past_band")
        content.setAutoFillBackground(True)
        frame = Frame(_COLOUR, self)
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(4, 0, 4, 4)
        inside.setSpacing(0)
        inside.addWidget(self._bar())
        inside.addWidget(content, 1)
        centre = QWidget(self)
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._band)
        layout.addWidget(frame, 1)
        self.setCentralWidget(centre)
        self._tell()

    def _bar(self) -> QWidget:
        bar = QWidget(self)
        bar.setAutoFillBackground(True)
        self._earlier = self._button("past_earlier", "◂ &Earlier change", "Alt+Left")
        self._earlier.clicked.connect(lambda _=False: self._go(self.moment.earlier))
        self._later = self._button("past_later", "&Later change ▸", "Alt+Right")
        self._later.clicked.connect(lambda _=False: self._go(self.moment.later))
        self._chooser = QDateTimeEdit(self)
        self._chooser.setObjectName("past_chooser")
        self._chooser.setAccessibleName("Moment to look at")
        self._chooser.setDisplayFormat("ddd d MMM yyyy  HH:mm:ss")
        self._chooser.setCalendarPopup(True)
        self._chooser.setKeyboardTracking(False)
        show = self._button("past_show", "&Show that moment", "")
        show.clicked.connect(
            lambda _=False: self.go(self._chooser.dateTime().toMSecsSinceEpoch() / 1000)
        )
        back = self._button("past_back", "&Back to now", "Esc")
        back.clicked.connect(self.close)
        self._belief, self._now = QLabel(self), QLabel(self)
        self._belief.setObjectName("past_belief")
        self._now.setObjectName("past_now")
        for label in (self._belief, self._now):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._belief.setWordWrap(True)
        self._belief.setMinimumWidth(1)
        row = QHBoxLayout()
        for widget in (self._earlier, self._chooser, show, self._later):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self._now)
        row.addWidget(back)
        column = QVBoxLayout(bar)
        column.addLayout(row)
        column.addWidget(self._belief)
        return bar

    def _button(self, name: str, text: str, key: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAutoDefault(False)
        if key:
            button.setToolTip(key)
        return button


def _date(at: float) -> QDateTime:
    # Up to the next millisecond: a moment is not there before it.
    return QDateTime.fromMSecsSinceEpoch(math.ceil(at * 1000))
