"""The cluster as it was: a window of its own, in which nothing acts, over a moment of the past.

By construction: its views stand on a store that no wire feeds, and nothing here holds a way to ask
the worker for anything but another moment.
"""

import time
import uuid
from collections.abc import Callable, Sequence

from PySide6.QtCore import QDateTime, QPoint, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDateTimeEdit,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QPushButton,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from console.model.moment import Moment
from console.ui.ask import Ask
from console.ui.bridge import ChangesRead, OnChanges, chores
from console.ui.health_desk import ReadsPast
from console.ui.past import words
from console.ui.past.compare_view import CompareView
from console.ui.plain_text import one_line, plain
from console.ui.store import Store
from console.ui.views.band import Band, Frame
from console.ui.views.cluster_map import ClusterMap
from console.ui.views.inspector import Inspector
from console.ui.views.vm_table import VmTable

_COLOUR = "unknown"


class PastWindow(QMainWindow):
    """Signal: ``shown(Moment)`` when another moment is on the screen."""

    shown = Signal(object)

    def __init__(
        self,
        live: Store,
        reads: ReadsPast,
        open_alarms: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setObjectName("past_window")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._live, self._reads, self._open_alarms = live, reads, open_alarms
        self._cluster = plain(one_line(live.inventory.cluster.name)) or "the cluster"
        self._token = ""
        self.moment = Moment(time.time())
        self.store = Store(self, now=lambda: self.moment.asked_at)
        self._place()
        for key, act in (
            ("Esc", self.close),
            ("Alt+Left", lambda: self._go(self.moment.earlier)),
            ("Alt+Right", lambda: self._go(self.moment.later)),
            ("Ctrl+F", self._find),
        ):
            QShortcut(QKeySequence(key), self).activated.connect(act)
        if parent is not None:
            self.resize(parent.window().size())
        self._tell()

    def go(self, at: float) -> None:
        """Ask for the cluster as it was at this moment; what is shown stays until it is there."""
        if self._token:
            self._reads.give_up_chore(self._token)
        self._token = str(uuid.uuid4())
        self._belief.setText("Reading what is stored…")
        self._reads.ask_chore(chores.ReadMoment(self._token, at), self._on_answer)

    @property
    def chosen(self) -> float:
        """The moment in the field, wall-clock seconds."""
        return self._chooser.dateTime().toMSecsSinceEpoch() / 1000

    # -- inside --------------------------------------------------------------------------------
    def _on_answer(self, answer: chores.Answer | None) -> None:
        if not isValid(self):
            return
        if answer is None:
            self._token = ""
            self._belief.setText("The worker stopped while it read. Choose the moment again.")
            return
        if not isinstance(answer, chores.MomentRead) or answer.token != self._token:
            return
        self._token = ""
        if answer.fault is not None:
            self._belief.setText(plain(f"{answer.fault.summary} {answer.fault.remedy}"))
            return
        before, self.moment = self.moment, answer.moment
        if answer.moment.snapshot is not None:
            self.store.replace(answer.moment.snapshot)
        elif before.snapshot is None and answer.moment.first is not None:
            self.moment = before
            self.go(answer.moment.first)  # the oldest that there is says where the past begins
            return
        elif before.snapshot is not None:
            self.moment = before  # what is on the screen goes on being named by its own moment
            self._belief.setText(plain(words.belief_text(answer.moment)))
            return
        self._tell()
        self.compare.show_moment(self.moment)
        self.shown.emit(self.moment)

    def _tell(self) -> None:
        moment = self.moment
        text = words.band_text(moment, self._cluster, time.time())
        self._band.setText(plain(text))
        self._band.setAccessibleName(plain(text))
        self._belief.setText(plain(words.belief_text(moment)))
        self.setWindowTitle(plain(f"THE PAST of {self._cluster}, {self._when(moment)}"))
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
        for view in (self._tabs, self.inspector):
            view.setEnabled(moment.snapshot is not None)

    def tell_now(self) -> None:
        """What goes on meanwhile: the past must hide no alarm."""
        count = self._open_alarms()
        alarms = f"{count} open alarm{'' if count == 1 else 's'}" if count else "no open alarm"
        self._now.setText(f"Now: {alarms}.")

    @staticmethod
    def _when(moment: Moment) -> str:
        return words.moment_text(moment.asked_at) if moment.snapshot is not None else "not stored"

    def _go(self, at: float | None) -> None:
        if at is not None:
            self.go(at)

    def _find(self) -> None:
        self._tabs.setCurrentWidget(self.table)
        self.table.focus_search()

    def _place(self) -> None:
        self._band = Band(_COLOUR, "", self)
        self._band.setObjectName("past_band")
        self.map = ClusterMap(self.store)
        self.map.can_lift = False
        self.map.setAccessibleName("The cluster as it was")
        self.table = VmTable(self.store, _NothingActs(self))
        self.compare = CompareView(self._live, self._reads, self)
        self.inspector = Inspector(self.store, _UntilThen(self._reads, lambda: self.moment))
        self._tabs = QTabWidget(self)
        self._tabs.setObjectName("past_views")
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(self.map, "Cluster map")
        self._tabs.addTab(self.table, "Virtual machines")
        self._tabs.addTab(self.compare, "Compare")
        self.map.selection_changed.connect(lambda: self._inspect(self.map.cursor_key))
        self.map.vm_activated.connect(self._inspect)
        self.map.node_activated.connect(self.inspector.show_node)
        self.map.menu_wanted.connect(self._say_no)
        self.map.node_menu_wanted.connect(lambda _node, where: self._say_no(where))
        self.table.selection_changed.connect(lambda: self._inspect(self.table.list.cursor_key))
        self.compare.vm_wanted.connect(self._show_vm)
        self.compare.node_wanted.connect(self.inspector.show_node)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setAutoFillBackground(True)
        split.addWidget(self._tabs)
        split.addWidget(self.inspector)
        split.setStretchFactor(0, 1)
        letters = self.fontMetrics().averageCharWidth()
        split.setSizes([10_000, 70 * letters])
        frame = Frame(_COLOUR, self)
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(4, 0, 4, 4)
        inside.setSpacing(0)
        inside.addWidget(self._bar())
        inside.addWidget(split, 1)
        centre = QWidget(self)
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._band)
        layout.addWidget(frame, 1)
        self.setCentralWidget(centre)

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

    def _inspect(self, key: str) -> None:
        if key:
            self.inspector.show_vm(key)

    def _show_vm(self, key: str) -> None:
        self.map.select({key}, cursor=key)
        self.inspector.show_vm(key)

    def _say_no(self, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(words.NOTHING_ACTS).setEnabled(False)
        menu.addAction("&Back to now").triggered.connect(self.close)
        menu.popup(where)


class _NothingActs:
    """What a list of the past offers on a VM."""

    def __init__(self, window: QWidget) -> None:
        self._ask = Ask(window)

    def fill_menu(self, menu: QMenu, _keys: Sequence[str]) -> None:
        menu.addAction(words.NOTHING_ACTS).setEnabled(False)

    def tell_failure(self, title: str, detail: str) -> object:
        return self._ask.report(title, detail)


class _UntilThen:
    """The timeline up to the moment that is looked at: what came later had not happened yet."""

    def __init__(self, reads: ReadsPast, moment: Callable[[], Moment]) -> None:
        self._reads, self._moment = reads, moment

    def read_changes(self, subject: str, since: float, on_read: OnChanges) -> None:
        def cut(read: ChangesRead) -> None:
            until = self._moment().asked_at
            known = tuple(each for each in read.changes if each.at <= until)
            on_read(ChangesRead(read.token, known, read.back_to))

        self._reads.read_changes(subject, since, cut)


def _date(at: float) -> QDateTime:
    return QDateTime.fromMSecsSinceEpoch(int(at * 1000))
