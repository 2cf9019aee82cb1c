"""The right panel: everything known of what is selected, each fact with its source and age."""

import functools
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFormLayout,
    QLabel,
    QPlainTextEdit,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from console.health import assurances, node_assurances
from console.ui import theme
from console.ui.bridge import ChangesRead, OnChanges
from console.ui.models.figures import Figures
from console.ui.models.inspector_facts import (
    Fact,
    node_facts,
    raw_text,
    vm_disks_and_network,
    vm_overview,
    vm_security,
    without_figures,
)
from console.ui.models.timeline import timeline_text
from console.ui.plain_text import plain
from console.ui.store import Store
from console.ui.views.figures_panel import FiguresPanel
from console.ui.views.health_story import HealthStory

_REFRESH_MS = 1000
# The worker writes the past down once a minute.
_PAST_AGAIN_S = 60.0


class ReadsPast(Protocol):
    """The bridge, as far as this needs it."""

    def read_changes(self, subject: str, since: float, on_read: OnChanges) -> None: ...


class FactList(QScrollArea):
    """Names and values in two columns; values can be selected and copied; always plain text."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"facts_{name}")
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self._labels: list[tuple[QLabel, QLabel]] = []
        self._told: tuple[Fact, ...] = ()
        page = QWidget(self)
        self._form = QFormLayout(page)
        self._form.setContentsMargins(4, 10, 4, 10)
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self.setWidget(page)

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Show these rows; labels are reused, so that a refresh keeps scroll and selection."""
        if tuple(facts) == self._told:
            return
        self._told = tuple(facts)
        while len(self._labels) < len(facts):
            title, value = QLabel(self), QLabel(self)
            for label in (title, value):
                label.setTextFormat(Qt.TextFormat.PlainText)
                label.setWordWrap(True)
            title.setForegroundRole(theme.MUTED_ROLE)
            value.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse
                | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            self._labels.append((title, value))
            self._form.addRow(title, value)
        for row, (title, value) in enumerate(self._labels):
            self._form.setRowVisible(row, row < len(facts))
            if row < len(facts):
                fact = facts[row]
                title.setText(fact.name)
                value.setText(plain(fact.value))
                value.setToolTip(plain(fact.source))
                value.setAccessibleName(f"{fact.name}: {plain(fact.value)}")


class Inspector(QWidget):
    """Follows the selection: ``show_vm``, ``show_node``, ``clear``; refreshes while visible."""

    def __init__(self, store: Store, reads: ReadsPast, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._reads = store, reads
        self._seen = Figures(store, self)
        self._past: ChangesRead | None = None
        self._past_of, self._past_asked = "", 0.0
        self._vm_key = ""
        self._node_name = ""
        self._build()
        self._clock = QTimer(self, interval=_REFRESH_MS)
        self._clock.timeout.connect(self._refresh)
        store.snapshot_replaced.connect(self._refresh)
        store.vms_changed.connect(self._on_vms_changed)
        store.nodes_changed.connect(self._refresh)
        store.operations_changed.connect(self._refresh)
        self.clear()

    def show_vm(self, key: str) -> None:
        self._vm_key, self._node_name = key, ""
        self._refresh()

    def show_node(self, name: str) -> None:
        self._vm_key, self._node_name = "", name
        self._refresh()

    @property
    def subject(self) -> str:
        """What is shown, as ``vm:`` and a key or ``node:`` and a name; empty if nothing is."""
        if self._vm_key:
            return f"vm:{self._vm_key}" if self._vm_key in self._store.inventory.vms else ""
        return f"node:{self._node_name}" if self._node_name else ""

    def offer_figures(self, show: Callable[[str], object]) -> None:
        """There is more to see than what was seen here: a button beside the small lines."""
        self.figures.further.clicked.connect(lambda: show(self.subject))
        self.figures.further.show()

    def open_tab(self, title: str) -> None:
        """Bring the tab of this title to the front."""
        for at in range(self._tabs.count()):
            if self._tabs.tabText(at).replace("&", "") == title and self._tabs.isTabVisible(at):
                self._tabs.setCurrentIndex(at)

    def clear(self) -> None:
        self._vm_key = self._node_name = ""
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start()
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()

    def _build(self) -> None:
        self._title = QLabel(self)
        self._title.setObjectName("inspector_title")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setWordWrap(True)
        # One word of ten thousand letters must not make the window as wide.
        self._title.setMinimumWidth(1)
        font = self._title.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setBold(True)
        self._title.setFont(font)
        self._subtitle = QLabel(self)
        self._subtitle.setObjectName("inspector_subtitle")
        self._subtitle.setTextFormat(Qt.TextFormat.PlainText)
        self._subtitle.setWordWrap(True)
        self._subtitle.setForegroundRole(theme.MUTED_ROLE)
        self._tabs = QTabWidget(self)
        self._tabs.setObjectName("inspector_tabs")
        self._tabs.setDocumentMode(True)
        self._overview = FactList("overview")
        self.figures = FiguresPanel()
        first = QWidget(self)
        column = QVBoxLayout(first)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.figures)
        column.addWidget(self._overview, 1)
        self._health = HealthStory()
        self._security = FactList("security")
        self._disks = FactList("disks")
        self._history = _read_only("inspector_history", "History")
        self._raw = _read_only("inspector_raw", "Raw record")
        for widget, title in (
            (first, "Overview"),
            (self._health, "Health"),
            (self._security, "Security"),
            (self._disks, "Disks && network"),
            (self._history, "History"),
            (self._raw, "Raw"),
        ):
            self._tabs.addTab(widget, title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 8, 0)
        layout.addWidget(self._title)
        layout.addWidget(self._subtitle)
        layout.addWidget(self._tabs, 1)

    def _on_vms_changed(self, keys: tuple[str, ...]) -> None:
        if self._vm_key in keys:
            self._refresh()

    def _refresh(self, *_: object) -> None:
        inventory = self._store.inventory
        now = self._store.now()
        vm = inventory.vms.get(self._vm_key)
        node = inventory.nodes.get(self._node_name)
        self._tabs.setEnabled(vm is not None or node is not None)
        for tab in (2, 3):
            self._tabs.setTabVisible(tab, node is None)
        if vm is not None:
            self._title.setText(plain(vm.name))
            self._subtitle.setText(self._store.health_of(vm.key).sentence)
            self._tell_overview(vm_overview(vm, inventory, now), f"vm:{vm.key}", now)
            health = self._store.health_of(vm.key)
            assured = () if health.chains else assurances(vm, self._store.surroundings())
            self._health.show_health(health, now, vm.name, assured)
            self._security.show_facts(vm_security(vm, inventory, now))
            self._disks.show_facts(vm_disks_and_network(vm, inventory.site))
            self._tell_timeline(f"vm:{vm.key}")
            _replace(self._raw, raw_text(vm))
        elif node is not None:
            self._title.setText(plain(node.name))
            self._subtitle.setText(self._store.health_of_node(node.name).sentence)
            self._tell_overview(node_facts(node, inventory, now), f"node:{node.name}", now)
            health = self._store.health_of_node(node.name)
            assured = () if health.chains else node_assurances(node, self._store.surroundings())
            self._health.show_health(health, now, node.name, assured)
            _replace(self._raw, raw_text(node))
            self._tell_timeline(f"node:{node.name}")
        else:
            gone = "It is no longer in the cluster or in Azure." if self._vm_key else ""
            self._title.setText("Nothing selected" if not gone else "Gone")
            self._subtitle.setText(gone or "Select a VM or a node to see what is known of it.")
            for facts in (self._overview, self._security, self._disks):
                facts.show_facts(())
            self._health.show_health(None, now)
            self.figures.show_readings((), now)
            for text in (self._history, self._raw):
                _replace(text, "")

    def _tell_overview(self, facts: tuple[Fact, ...], subject: str, now: float) -> None:
        """Figures are told once: by their lines, or in words where nothing was seen of them."""
        readings = self._seen.readings(subject)
        self._overview.show_facts(without_figures(facts) if readings else facts)
        self.figures.show_readings(readings, now)

    def _tell_timeline(self, subject: str) -> None:
        """What is known now; the stored past is asked for when it is of another, or grew old."""
        now = time.time()
        if subject != self._past_of or now - self._past_asked > _PAST_AGAIN_S:
            if subject != self._past_of:
                self._past = None
            self._past_of, self._past_asked = subject, now
            self._reads.read_changes(subject, 0.0, functools.partial(self._on_past, subject))
        changes = None if self._past is None else self._past.changes
        back_to = None if self._past is None else self._past.back_to
        records = self._store.operations.values()
        _replace(self._history, plain(timeline_text(subject, changes, records, back_to)))

    def _on_past(self, subject: str, read: ChangesRead) -> None:
        if subject == self._past_of and isValid(self):
            self._past = read
            self._tell_timeline(subject)


def _read_only(name: str, title: str) -> QPlainTextEdit:
    text = QPlainTextEdit()
    text.setObjectName(name)
    text.setAccessibleName(title)
    text.setReadOnly(True)
    text.setFrameShape(QPlainTextEdit.Shape.NoFrame)
    return text


def _replace(widget: QPlainTextEdit, text: str) -> None:
    """Set text only if it changed, so that selection and scroll stay."""
    if widget.toPlainText() != text:
        widget.setPlainText(text)
