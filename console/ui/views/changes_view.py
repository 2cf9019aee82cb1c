"""What changed since this person looked: one row a change, the newest first, each a link."""

import functools
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from console.ui import state_file
from console.ui.bridge import ChangesRead, OnChanges
from console.ui.file_thread import file_thread
from console.ui.models.alarm_words import for_how_long
from console.ui.plain_text import plain
from console.ui.views.changes_list import ChangesList

ReadChanges = Callable[[str, float, OnChanges], None]
# Who never looked is shown a day.
_FIRST_S = 86400.0
_MOST = 500  # as ReadChanges asks for


class Watermark(msgspec.Struct, frozen=True):
    """Until when this person has seen what changed (wall-clock seconds)."""

    at: float


class ChangesView(QWidget):
    """Signals: those of its list; ``moment_wanted(at)`` to see ``whole``, the cluster or the fleet,
    as it was just before a change.
    """

    vm_wanted = Signal(str)
    node_wanted = Signal(str)
    cluster_wanted = Signal(str)
    moment_wanted = Signal(float)

    def __init__(
        self,
        folder: Path,
        read: ReadChanges,
        parent: QWidget | None = None,
        whole: str = "cluster",
    ) -> None:
        super().__init__(parent)
        self._folder, self._read = folder, read
        self._connection_id = ""
        self._since: float | None = None
        self._read_at = 0.0  # what is shown reaches until then: only that can have been seen
        self._summary = QLabel(self)
        self._summary.setObjectName("changes_summary")
        self._summary.setTextFormat(Qt.TextFormat.PlainText)
        self._summary.setWordWrap(True)
        again = QPushButton("Look a&gain", self)
        again.setObjectName("changes_again")
        again.clicked.connect(lambda _=False: self.look())
        self._then = QPushButton(f"Show the {whole} &before it", self)
        self._then.setObjectName("changes_then")
        self._then.setToolTip(f"The {whole} as it was just before the selected change")
        self._then.clicked.connect(lambda _=False: self._show_before())
        self._seen = QPushButton("I have &seen this", self)
        self._seen.setObjectName("changes_seen")
        self._seen.clicked.connect(lambda _=False: self._mark_seen())
        self.list = ChangesList("changes_list", "What changed since you looked", self)
        self.list.vm_wanted.connect(self.vm_wanted)
        self.list.node_wanted.connect(self.node_wanted)
        self.list.cluster_wanted.connect(self.cluster_wanted)
        top = QHBoxLayout()
        top.addWidget(self._summary, 1)
        top.addWidget(self._then)
        top.addWidget(again)
        top.addWidget(self._seen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 0)
        layout.addLayout(top)
        layout.addWidget(self.list, 1)

    def begin(self, connection_id: str) -> None:
        """A connection opens: read beside the GUI thread until when it was looked at."""
        self._connection_id, self._since = connection_id, None
        self.list.clear()
        load = functools.partial(state_file.load, self._path(), Watermark)
        file_thread().run(load, self._on_loaded, self)

    def look(self) -> None:
        """Ask the worker for what is stored since the watermark."""
        if self._since is not None:
            asked = time.time()
            self._read("", self._since, functools.partial(self._on_read, asked))

    def _on_loaded(self, found: object) -> None:
        self._since = found.at if isinstance(found, Watermark) else time.time() - _FIRST_S
        self.look()

    def _on_read(self, asked: float, read: ChangesRead) -> None:
        if not isValid(self) or self._since is None:
            return
        # Not the time of asking: what is written down while it is read must not be lost.
        self._read_at = read.changes[0].at if read.changes else self._since
        self.list.show_changes(read.changes)
        count = len(read.changes)
        span = for_how_long(self._since, asked)
        found = f"{count} change{'' if count == 1 else 's'}" if count else "Nothing changed"
        words = f"{found} since you looked {span} ago"
        if read.back_to is None and not count:
            words = "No past is stored yet: look again in a few minutes"
        elif read.back_to is not None and read.back_to > self._since:
            begins = datetime.fromtimestamp(read.back_to).strftime("%d %b %H:%M")
            words += f". The stored past begins only at {begins}"
        more = " or more; the newest are shown" if count >= _MOST else ""
        self._summary.setText(plain(f"{words}{more}."))
        self._seen.setEnabled(count > 0)
        self._then.setEnabled(count > 0)

    def _mark_seen(self) -> None:
        self._since = self._read_at
        save = functools.partial(state_file.save, self._path(), Watermark(self._read_at))
        # A folder that cannot be written costs that the same is told again.
        file_thread().run(save)
        self.look()

    def _show_before(self) -> None:
        at = self.list.just_before()
        if at is not None:
            self.moment_wanted.emit(at)

    def _path(self) -> Path:
        return state_file.path_for(self._folder, "seen", self._connection_id)
