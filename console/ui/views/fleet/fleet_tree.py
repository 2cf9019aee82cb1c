"""The fleet as a tree: groups with counts, under a cluster its nodes; a click shows their VMs."""

from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QComboBox, QHeaderView, QTreeView, QVBoxLayout, QWidget

from console.health.fleet import LEVELS
from console.health.levels import HealthLevel
from console.ui import theme
from console.ui.fleet_store import FleetStore
from console.ui.models.fleet_groups import GROUPINGS, TAG, FleetGroups, Group
from console.ui.plain_text import one_line, tip

_RED, _AMBER = LEVELS.index(HealthLevel.CRITICAL), LEVELS.index(HealthLevel.ATTENTION)
_TITLES = ("", "VMs", "Red", "Amber")
_SPOKEN_TITLES = ("Group", "VMs", "Critical VMs", "VMs that need attention")
_DISPLAY, _ALIGN = Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.TextAlignmentRole
_TIP, _ICON = Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.DecorationRole
_SPOKEN = Qt.ItemDataRole.AccessibleTextRole
_NONE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class FleetTreeModel(QAbstractItemModel):
    """Rows are groups; rows under a cluster are its nodes (as the cluster reported them)."""

    def __init__(self, store: FleetStore, groups: FleetGroups, parent: QWidget) -> None:
        super().__init__(parent)
        self._store, self._groups = store, groups
        groups.divided.connect(self._on_divided)
        groups.counted.connect(self._on_counted)

    def _on_divided(self) -> None:
        self.beginResetModel()
        self.endResetModel()

    def _on_counted(self, touched: set[int]) -> None:
        low, high = min(touched), max(touched)
        self.dataChanged.emit(self.index(low, 1), self.index(high, len(_TITLES) - 1))

    def group(self, index: Index) -> Group:
        at = index.internalId() - 1 if index.internalId() else index.row()
        return self._groups.groups[at]

    def node(self, index: Index) -> str:
        """The node's name, empty for a group."""
        return self._nodes(self.group(index))[index.row()] if index.internalId() else ""

    def _nodes(self, group: Group) -> tuple[str, ...]:
        if self._groups.by != "cluster":
            return ()
        cluster = self._store.clusters.get(group.key)
        return cluster.nodes if cluster is not None else ()

    # -- QAbstractItemModel --------------------------------------------------------------------
    def index(self, row: int, column: int, parent: Index = _NONE) -> QModelIndex:
        if not parent.isValid():
            return self.createIndex(row, column, 0)
        return self.createIndex(row, column, parent.row() + 1)

    def parent(self, child: Index) -> QModelIndex:  # type: ignore[override]
        number = child.internalId() if child.isValid() else 0
        return self.createIndex(number - 1, 0, 0) if number else QModelIndex()

    def rowCount(self, parent: Index = _NONE) -> int:
        if not parent.isValid():
            return len(self._groups.groups)
        if parent.internalId() or parent.column():
            return 0
        return len(self._nodes(self._groups.groups[parent.row()]))

    def columnCount(self, parent: Index = _NONE) -> int:
        return len(_TITLES)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = int(_DISPLAY)
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _DISPLAY:
            return _TITLES[section]
        if role == _TIP:
            return _SPOKEN_TITLES[section]
        return None

    def data(self, index: Index, role: int = int(_DISPLAY)) -> Any:
        group, node, column = self.group(index), self.node(index), index.column()
        if role == _DISPLAY:
            if column == 0:
                return one_line(node or group.title)
            if node:
                return ""
            return (len(group.slots), group.counts[_RED] or "", group.counts[_AMBER] or "")[
                column - 1
            ]
        if role == _ALIGN and column:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == _ICON and column == 0 and not node:
            level = worst(group)
            return theme.health_icon(level)
        if role == _TIP:
            return tip("\n".join(self._store.notes_of_cluster(group.key)))
        if role == _SPOKEN and column == 0:
            return one_line(node) if node else f"{one_line(group.title)}, {worst(group)}"
        return None


def worst(group: Group) -> HealthLevel:
    """The worst level that a VM of the group has."""
    return next(
        (LEVELS[at] for at in range(len(LEVELS) - 1, -1, -1) if group.counts[at]),
        HealthLevel.UNKNOWN,
    )


class FleetTree(QWidget):
    """Signals: ``term_wanted(text)``: show these VMs; ``cluster_wanted(arm_id)``: open this one."""

    term_wanted = Signal(str)
    cluster_wanted = Signal(str)

    def __init__(
        self, store: FleetStore, groups: FleetGroups, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._groups = groups
        self.by = QComboBox(self)
        self.by.setObjectName("fleet_grouping")
        self.by.setAccessibleName("Group the fleet by")
        self._fill_groupings()
        self.by.activated.connect(lambda _: groups.divide_by(str(self.by.currentData())))
        self.model = FleetTreeModel(store, groups, self)
        self.view = QTreeView(self)
        self.view.setObjectName("fleet_tree")
        self.view.setAccessibleName("Groups of the fleet")
        self.view.setUniformRowHeights(True)
        self.view.setIndentation(round(1.6 * self.fontMetrics().averageCharWidth()))
        self.view.setModel(self.model)
        self.view.setAlternatingRowColors(False)
        header = self.view.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(3 * self.fontMetrics().averageCharWidth())
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        letter = QFontMetrics(self.font()).averageCharWidth()
        for column, letters in ((1, 6), (2, 5), (3, 8)):
            header.resizeSection(column, letters * letter + 12)
        self.view.clicked.connect(self._on_chosen)
        self.view.activated.connect(self._on_activated)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.by)
        layout.addWidget(self.view, 1)
        groups.divided.connect(self._fill_groupings)

    def _fill_groupings(self) -> None:
        """Columns, and every tag that VMs carry."""
        wanted = [(f"By {title.lower()}", by) for by, title, _ in GROUPINGS]
        wanted += [(f"By tag {one_line(name)}", TAG + name) for name in self._groups.tag_names()]
        if [self.by.itemData(at) for at in range(self.by.count())] != [by for _, by in wanted]:
            self.by.clear()
            for text, by in wanted:
                self.by.addItem(text, by)
        self.by.setCurrentIndex(max(0, self.by.findData(self._groups.by)))

    def _on_chosen(self, index: QModelIndex) -> None:
        group, node = self.model.group(index), self.model.node(index)
        self.term_wanted.emit(f'{group.term} node:"{node}"' if node else group.term)

    def _on_activated(self, index: QModelIndex) -> None:
        self._on_chosen(index)
        if self._groups.by == "cluster":
            self.cluster_wanted.emit(self.model.group(index).key)
