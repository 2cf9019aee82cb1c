"""What is known of a VM of the fleet: why it is red first, then its facts, and the way to more."""

import functools
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from console.model.fleet import NO_LEVEL
from console.ui.fleet_store import FleetStore
from console.ui.models.ages import age_text
from console.ui.models.fleet_columns import COLUMNS
from console.ui.plain_text import one_line, plain
from console.ui.views.health_story import HealthStory

if TYPE_CHECKING:
    from console.ui.bridge import ChangesRead
    from console.ui.views.fleet.fleet_page import ReadsChanges

# Who runs through a list asks nothing; of who rests on a VM the past is asked.
_ASK_AFTER_MS = 150
_MOST_CHANGES = 6


class FleetStory(QWidget):
    """Signal: ``cluster_wanted(arm_id)``: open the VM's cluster."""

    cluster_wanted = Signal(str)

    def __init__(
        self,
        store: FleetStore,
        parent: QWidget | None = None,
        reads: "ReadsChanges | None" = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._reads = store, reads
        self.can_open = True  # whether a VM's cluster can be opened from here
        self.gone_text = "This VM is gone: Azure no longer names it."
        self.slot = -1
        self._is_of_readings = False
        self._title = self._label("fleet_story_title")
        font = self._title.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.15)
        self._title.setFont(font)
        self.story = HealthStory(self, has_headline=True)
        self._facts = self._label("fleet_story_facts")
        self._facts.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._facts.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._timeline = self._label("fleet_story_changes")
        self._told_of = ""  # whose changes are shown
        self._asking = QTimer(self, singleShot=True, interval=_ASK_AFTER_MS)
        self._asking.timeout.connect(self._ask)
        self.open = QPushButton("Open its cluster", self)
        self.open.setObjectName("fleet_open_cluster")
        self.open.clicked.connect(self._on_open)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 8)
        layout.addWidget(self._title)
        layout.addWidget(self.story, 1)
        layout.addWidget(self._facts)
        layout.addWidget(self._timeline)
        # Takes the room of the story while there is none.
        self._gap = QWidget(self)
        layout.addWidget(self._gap, 1)
        layout.addWidget(self.open)
        store.replaced.connect(self.tell)
        store.slots_changed.connect(self._on_changed)
        store.told.connect(self.tell)
        self.tell()

    def _label(self, name: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        return label

    def show_vm(self, slot: int) -> None:
        self.slot = slot
        self._is_of_readings = False
        self.tell()
        self.ask_changes()

    def ask_changes(self) -> None:
        """What changed of the VM, once the cursor rests on it."""
        if self._reads is not None:
            self._asking.start()

    def show_readings(self) -> None:
        """How well each subscription is read, in place of a VM."""
        self.slot, self._is_of_readings = -1, True
        now = self._store.now()
        lines = []
        for one in self._store.readings:
            name = one_line(one.name or one.subscription)
            state = "being read now" if one.is_going_on else age_text(one.read_at, now)
            lines.append(f"{name}: {state}")
            for fault in one.faults:
                lines += [f"   {fault.summary}", f"   {fault.kept}", f"   {fault.remedy}"]
        notes = [
            f"{one_line(cluster.name)}: {note}"
            for cluster in self._store.clusters.values()
            for note in self._store.notes_of_cluster(cluster.arm_id)
        ]
        self._title.setText("How well the fleet is read")
        self.story.hide()
        self._gap.show()
        text = "\n".join(line for line in [*lines, "", *notes] if line.strip() or line == "")
        self._facts.setText(plain(text))
        self._tell_changes("")
        self.open.hide()

    def tell(self) -> None:
        """Say it as it is now."""
        store, slot = self._store, self.slot
        if self._is_of_readings:
            self.show_readings()
            return
        if not 0 <= slot < store.size or store.levels[slot] == NO_LEVEL:
            if slot >= 0:
                self._title.setText(self.gone_text)
            elif not self._title.text():
                self._title.setText("Select a VM to read why it is as it is.")
            self.open.hide()
            self.story.hide()
            self._gap.show()
            self._facts.setText("")
            self._tell_changes("")
            return
        self.story.show()
        self._gap.hide()
        now = self._store.now()
        self._title.setText(one_line(store.texts["name"][slot]))
        self.story.show_health(store.health_of(slot), now, store.texts["name"][slot])
        lines = []
        for column in COLUMNS[2:]:
            text = column.text(store, slot)
            if text and column.id not in ("error",):
                lines.append(f"{column.title}: {one_line(text)}")
        lines += store.notes_of_cluster(store.word("cluster", slot))
        reading = store.reading_of(store.word("subscription", slot))
        if reading is not None:
            lines.append(f"Azure's word, read {age_text(reading.read_at, now)}")
            lines += [fault.summary for fault in reading.faults]
        self._facts.setText(plain("\n".join(lines)))
        self.open.setVisible(self.can_open and bool(store.word("cluster", slot)))
        if self._key() != self._told_of:
            self._tell_changes("")

    def _on_changed(self, slots: object, _columns: object) -> None:
        if self.slot >= 0 and self.slot in slots:  # type: ignore[operator]
            self.tell()
            self.ask_changes()

    # -- what changed of it --------------------------------------------------------------------
    def _key(self) -> str:
        store, slot = self._store, self.slot
        if not 0 <= slot < store.size or store.levels[slot] == NO_LEVEL or self._is_of_readings:
            return ""
        return store.arm_id(slot).lower()

    def _ask(self) -> None:
        key = self._key()
        if key and self._reads is not None:
            on_read = functools.partial(self._on_changes, key)
            self._reads.read_changes(f"vm:{key}", 0.0, on_read)

    def _on_changes(self, key: str, read: "ChangesRead") -> None:
        if not isValid(self) or key != self._key():
            return
        lines = [
            f"{datetime.fromtimestamp(one.at):%d %b %H:%M}  {one_line(one.text)}"
            for one in read.changes[:_MOST_CHANGES]
        ]
        if read.back_to is None:
            title = "Changed before:" if lines else "No past of it is stored yet."
        elif not lines:
            title = (
                f"Nothing of it changed since {datetime.fromtimestamp(read.back_to):%d %b %H:%M}."
            )
        else:
            title = f"Changed since {datetime.fromtimestamp(read.back_to):%d %b %H:%M}:"
        if len(read.changes) > _MOST_CHANGES:
            lines.append(f"and {len(read.changes) - _MOST_CHANGES} more before")
        self._tell_changes("\n".join([title, *lines]), key)

    def _tell_changes(self, text: str, key: str = "") -> None:
        self._told_of = key
        self._timeline.setText(plain(text))
        self._timeline.setVisible(bool(text))

    def _on_open(self) -> None:
        if self.slot >= 0:
            self.cluster_wanted.emit(self._store.word("cluster", self.slot))
