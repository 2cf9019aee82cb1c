"""How the cluster stands to what Trusted launch asks: a row a point, its evidence below."""

import time
from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from console.health import HealthLevel
from console.health.posture import PosturePoint, posture
from console.ui import theme
from console.ui.models import markdown
from console.ui.models.ages import age_text
from console.ui.plain_text import one_line, plain, tip
from console.ui.store import Store
from console.ui.views.health_link import word_label

_AGAIN_MS = 2_000
_WORDS = {
    HealthLevel.HEALTHY: "as it should be",
    HealthLevel.ATTENTION: "look at it",
    HealthLevel.CRITICAL: "put it right",
    HealthLevel.UNKNOWN: "not known",
    HealthLevel.OFF: "says nothing",
}


class PostureView(QWidget):
    """Looks again while it is in sight. Signal: ``rows_wanted(keys, title)`` shows VMs as rows."""

    rows_wanted = Signal(tuple, str)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.points: tuple[PosturePoint, ...] = ()
        self._summary = QLabel(self)
        self._summary.setObjectName("posture_summary")
        self._summary.setTextFormat(Qt.TextFormat.PlainText)
        self._copy = QPushButton("&Copy as Markdown", self)
        self._copy.setObjectName("posture_copy")
        self._copy.clicked.connect(lambda _=False: self.copy())
        self._show = QPushButton("Show them as &rows", self)
        self._show.setObjectName("posture_rows")
        self._show.clicked.connect(lambda _=False: self._open())
        self.tree = QTreeWidget(self)
        self.tree.setObjectName("posture_list")
        self.tree.setAccessibleName("Trusted launch, point by point")
        self.tree.setHeaderLabels(["Point", "How it stands"])
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.tree.setColumnWidth(0, 56 * self.fontMetrics().averageCharWidth())
        self.tree.currentItemChanged.connect(lambda *_: self._tell())
        self.tree.itemActivated.connect(lambda *_: self._open())
        self._says, self._remedy, self._rests = (
            word_label(self, f"posture_{name}") for name in ("says", "remedy", "rests")
        )
        self._rests.setForegroundRole(theme.MUTED_ROLE)
        top = QHBoxLayout()
        top.addWidget(self._summary, 1)
        top.addWidget(self._show)
        top.addWidget(self._copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addLayout(top)
        layout.addWidget(self.tree, 1)
        for label in (self._says, self._remedy, self._rests):
            layout.addWidget(label)
        self._clock = QTimer(self, interval=_AGAIN_MS)
        self._clock.timeout.connect(self.look)

    @property
    def chosen(self) -> PosturePoint | None:
        at = self.tree.currentIndex().row()
        return self.points[at] if 0 <= at < len(self.points) else None

    def look(self) -> None:
        """Judge what is known now; rows keep their places, so nothing jumps while it is read."""
        found = posture(self._store.inventory)
        if found == self.points:
            return
        self.points = found
        while self.tree.topLevelItemCount() < len(found):
            self.tree.addTopLevelItem(QTreeWidgetItem())
        for at, point in enumerate(found):
            item = self.tree.topLevelItem(at)
            assert item is not None
            item.setIcon(0, theme.health_icon(point.level))
            item.setText(0, point.title)
            item.setText(1, one_line(point.says))
            item.setToolTip(1, tip(point.says))
            spoken = f"{point.title}: {_WORDS[point.level]}. {one_line(point.says)}"
            item.setData(0, Qt.ItemDataRole.AccessibleTextRole, spoken)
        if not self.tree.currentIndex().isValid():
            self.tree.setCurrentIndex(self.tree.model().index(0, 0))
        self._count(found)
        self._tell()

    def copy(self) -> None:
        QApplication.clipboard().setText(
            markdown_text(self.points, self._store.inventory.cluster.name, time.time())
        )

    def _count(self, points: Sequence[PosturePoint]) -> None:
        levels = [point.level for point in points]
        told = [
            f"{levels.count(level)} {words}"
            for level, words in (
                (HealthLevel.CRITICAL, "to put right"),
                (HealthLevel.ATTENTION, "to look at"),
                (HealthLevel.UNKNOWN, "not known"),
                (HealthLevel.HEALTHY, "as it should be"),
            )
            if levels.count(level)
        ]
        self._summary.setText(
            f"Of {len(points)} points: {', '.join(told) or 'nothing is known yet'}."
        )

    def _tell(self) -> None:
        point = self.chosen
        count = len(point.vm_keys) if point is not None else 0
        self._show.setEnabled(count > 0)
        self._show.setText(
            f"Show {count} VM{'' if count == 1 else 's'} as &rows" if count else "Show as &rows"
        )
        if point is None:
            return
        self._says.setText(plain(f"{point.title}: {_WORDS[point.level]}. {point.says}"))
        self._remedy.setText(plain(point.remedy))
        self._remedy.setVisible(bool(point.remedy))
        age = age_text(point.read_at, self._store.now()) if point.read_at is not None else ""
        read = f"Read {age}. " if age else ""
        self._rests.setText(plain(f"{point.rests_on} {read}{point.source}".strip()))

    def _open(self) -> None:
        point = self.chosen
        if point is not None and point.vm_keys:
            self.rows_wanted.emit(point.vm_keys, point.title)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.look()
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()


def markdown_text(points: Sequence[PosturePoint], cluster: str, now: float) -> str:
    """To hand in as evidence: every point with what it rests on and when that was read."""
    at = time.strftime("%d %B %Y %H:%M:%S", time.localtime(now))
    name = markdown.cell(cluster) or "the cluster"
    lines = [f"# Trusted launch posture of {name}, {at}", ""]
    lines += ["| Point | | How it stands | Rests on | Read |", "|---|---|---|---|---|"]
    for point in points:
        cells = (
            point.title,
            _WORDS[point.level],
            point.says,
            f"{point.rests_on} {point.source}",
            _clock(point.read_at),
        )
        lines.append("| " + " | ".join(markdown.cell(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _clock(at: float | None) -> str:
    return "nobody looked" if at is None else time.strftime("%H:%M:%S", time.localtime(at))
