"""The page of what is the matter: alarms, disagreements, what changed, and the posture."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from console.ui.alarm_watch import AlarmWatch
from console.ui.models.alarm_book import Standing
from console.ui.store import Store
from console.ui.views.alarms_view import AlarmsView
from console.ui.views.changes_view import ChangesView
from console.ui.views.inbox_view import InboxView
from console.ui.views.posture_view import PostureView


class HealthPage(QWidget):
    """Signals: ``vm_wanted(key)``, ``node_wanted(name)``, ``rows_wanted(keys, title)``."""

    vm_wanted = Signal(str)
    node_wanted = Signal(str)
    rows_wanted = Signal(tuple, str)

    def __init__(
        self, store: Store, watch: AlarmWatch, changes: ChangesView, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._watch = watch
        self.alarms = AlarmsView(store, watch)
        self.inbox = InboxView(watch)
        self.tabs = QTabWidget(self)
        self.tabs.setObjectName("health_tabs")
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.alarms, "Alarms")
        self.tabs.addTab(self.inbox, "Azure and cluster disagree")
        self.changes = changes
        self.tabs.addTab(changes, "What changed")
        self.posture = PostureView(store)
        self.tabs.addTab(self.posture, "Trusted launch posture")
        self.posture.rows_wanted.connect(self.rows_wanted)
        changes.vm_wanted.connect(self.vm_wanted)
        changes.node_wanted.connect(self.node_wanted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)
        for view in (self.alarms, self.inbox):
            view.vm_wanted.connect(self.vm_wanted)
            view.rows_wanted.connect(self.rows_wanted)
        self.alarms.node_wanted.connect(self.node_wanted)
        watch.changed.connect(self._count)
        self._count()

    def open_tab(self, at: int) -> None:
        self.tabs.setCurrentIndex(at)
        view = self.tabs.currentWidget()
        if isinstance(view, AlarmsView | InboxView):
            view.focus_list()
        elif view is self.changes:
            self.changes.look()
            self.changes.list.setFocus(Qt.FocusReason.OtherFocusReason)
        elif view is self.posture:
            self.posture.tree.setFocus(Qt.FocusReason.OtherFocusReason)

    def _count(self) -> None:
        is_open = self._watch.count(Standing.OPEN)
        told = len(self._watch.disagreements_to_tell)
        self.tabs.setTabText(0, f"Alarms ({is_open})" if is_open else "Alarms")
        title = "Azure and cluster disagree"
        self.tabs.setTabText(1, f"{title} ({told})" if told else title)
