"""What of the fleet differs between the moment that is looked at and now, or another moment."""

import functools
import time
import uuid

from PySide6.QtCore import QDateTime, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDateTimeEdit,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from console.model.fleet_moment import FleetMoment
from console.ui.bridge import chores
from console.ui.fleet_reads import FleetReads
from console.ui.past.words import moment_text
from console.ui.plain_text import plain
from console.ui.views.changes_list import ChangesList

_NOW, _OTHER = "Now", "Another moment"


class FleetCompare(QWidget):
    """Signal: ``vm_wanted(key)``. Asks anew whenever the moment or the other side is another."""

    vm_wanted = Signal(str)

    def __init__(self, reads: FleetReads, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reads = reads
        self._moment: FleetMoment | None = None
        self._token = ""
        self.with_what = QComboBox(self)
        self.with_what.setObjectName("fleet_compare_with")
        self.with_what.setAccessibleName("Compared with")
        self.with_what.addItems([_NOW, _OTHER])
        self.with_what.currentIndexChanged.connect(lambda _: self._on_side())
        self.other = QDateTimeEdit(QDateTime.currentDateTime(), self)
        self.other.setObjectName("fleet_compare_other")
        self.other.setAccessibleName("The other moment")
        self.other.setDisplayFormat("ddd d MMM yyyy  HH:mm:ss")
        self.other.setCalendarPopup(True)
        self.other.setKeyboardTracking(False)
        self._go = QPushButton("&Compare", self)
        self._go.setObjectName("fleet_compare_go")
        self._go.setAutoDefault(False)
        self._go.clicked.connect(lambda _=False: self.look())
        self._summary = QLabel(self)
        self._summary.setObjectName("fleet_compare_summary")
        self._summary.setWordWrap(True)
        self.list = ChangesList("fleet_compare_list", "What differs", self)
        self.list.vm_wanted.connect(self.vm_wanted)
        row = QHBoxLayout()
        label = QLabel("Compared &with:", self)
        label.setBuddy(self.with_what)
        for widget in (label, self.with_what, self.other, self._go):
            row.addWidget(widget)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(self._summary)
        layout.addWidget(self.list, 1)
        self._on_side()

    def show_moment(self, moment: FleetMoment) -> None:
        """Compare this moment from here on."""
        self._moment = moment
        self.look()

    def look(self) -> None:
        """Ask for the differences; now has gone on."""
        moment = self._moment
        if moment is None:
            return
        if self._token:
            self._reads.give_up_chore(self._token)
        self._token = token = str(uuid.uuid4())
        since, until = sorted((moment.asked_at, self._other_side()))
        self._summary.setText("Comparing…")
        self.list.clear()  # those were of another moment
        self._reads.ask_chore(
            chores.CompareFleet(token, since, until),
            functools.partial(self._on_answer, token, since, until),
        )

    def _other_side(self) -> float:
        if self.with_what.currentText() == _NOW:
            return time.time()
        return self.other.dateTime().toMSecsSinceEpoch() / 1000

    def _on_side(self) -> None:
        is_now = self.with_what.currentText() == _NOW
        self.other.setVisible(not is_now)
        if is_now:
            self.look()

    def _on_answer(
        self, token: str, began: float, ended: float, answer: chores.Answer | None
    ) -> None:
        if not isValid(self) or token != self._token:
            return
        self._token = ""
        if not isinstance(answer, chores.FleetCompared):
            self._summary.setText("The worker stopped while it compared. Compare again.")
            return
        self.list.show_changes(answer.changes)
        since, until = moment_text(began), moment_text(ended)
        count = f"{answer.total:,} difference{'' if answer.total == 1 else 's'}"
        if not answer.total:
            count = "No difference"
        text = f"{count} between {since} and {until}."
        if answer.total > len(answer.changes):
            text += f" The newest {len(answer.changes):,} are shown."
        if answer.back_to is None and not answer.total:
            text = "No past is stored yet: look again in a few minutes."
        elif answer.back_to is not None and answer.back_to > began:
            text += f" The stored past begins only at {moment_text(answer.back_to)}."
        self._summary.setText(plain(text))
