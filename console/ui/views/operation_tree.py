"""The list of operations: a tree whose groups unfold, with states as shapes and thin bars."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from console.ui.models.operation_model import (
    ACTOR,
    ASKED,
    ELAPSED,
    FRACTION_ROLE,
    PROGRESS,
    STATE,
    OperationModel,
)

_Index = QModelIndex | QPersistentModelIndex
_LETTERS = (38, 24, 40, 13, 23, 14)
_ROOM = 10  # pixels over and under the words, for the bar too


# A column is shown if the list is at least so wide, in letters.
_FEWEST_LETTERS = {ACTOR: 135, ELAPSED: 120, ASKED: 100}


class _ProgressDelegate(QStyledItemDelegate):
    """A thin bar under the words; no bar where nobody can tell how far it is.

    All other cells are drawn by the stock delegate: one in Python takes twice as long, which shows
    where hundreds of rows change together.
    """

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(option.rect.width(), option.fontMetrics.height() + _ROOM)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        super().paint(painter, option, index)
        fraction = index.data(FRACTION_ROLE)
        if fraction is None:
            return
        area: QRect = option.rect
        track = QRect(area.left() + 4, area.bottom() - 4, area.width() - 8, 3)
        painter.fillRect(track, option.palette.color(QPalette.ColorRole.Mid))
        track.setWidth(int(track.width() * min(1.0, max(0.0, fraction))))
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole.HighlightedText if is_selected else QPalette.ColorRole.Highlight
        painter.fillRect(track, option.palette.color(role))


class OperationTree(QTreeView):
    """Right and Left unfold and fold a group; what was unfolded stays so whatever the filter does.

    A reset of the model (a filter that changes most rows) keeps cursor and unfolded groups too.
    """

    def __init__(self, model: OperationModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._operations = model
        self._unfolded: set[str] = set()
        self._kept = ""
        self.setObjectName("operations_table")
        self.setAccessibleName("Operations")
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setAnimated(False)
        self.setWordWrap(False)
        self.setExpandsOnDoubleClick(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        side = self.fontMetrics().ascent()
        self.setIconSize(QSize(side, side))
        self.setItemDelegateForColumn(PROGRESS, _ProgressDelegate(self))
        header = self.header()
        header.setHighlightSections(False)
        header.setSectionsMovable(False)
        header.setStretchLastSection(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        width = self.fontMetrics().averageCharWidth()
        for column, letters in enumerate(_LETTERS):
            header.resizeSection(column, letters * width)
        header.setSectionResizeMode(PROGRESS, QHeaderView.ResizeMode.Stretch)
        self.expanded.connect(lambda index: self._unfolded.add(self._name_at(index)))
        self.collapsed.connect(lambda index: self._unfolded.discard(self._name_at(index)))
        model.rowsInserted.connect(self._on_inserted)
        model.modelAboutToBeReset.connect(self._keep)
        model.modelReset.connect(self._restore)

    def choose(self, name: str) -> bool:
        """Select the row of an operation or a group and bring it in sight; False if hidden."""
        index = self._operations.index_of(name)
        if not index.isValid():
            return False
        if index.parent().isValid():
            self.expand(index.parent())
        self.setCurrentIndex(index)
        self.scrollTo(index)
        return True

    def dataChanged(self, first: _Index, last: _Index, roles: Sequence[int] = ()) -> None:
        """Paint it anew; QTreeView itself first looks for each of hundreds of rows where it is."""
        if first.row() == last.row():
            super().dataChanged(first, last, roles)
        else:
            self.viewport().update()

    def repaint_times(self) -> None:
        """Paint the columns anew that tell how long something lasts."""
        left = self.columnViewportPosition(STATE)
        right = self.columnViewportPosition(ELAPSED) + self.columnWidth(ELAPSED)
        self.viewport().update(left, 0, right - left, self.viewport().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where it is narrow, who, how long and when make room for what became of it."""
        letters = event.size().width() // self.fontMetrics().averageCharWidth()
        for column, fewest in _FEWEST_LETTERS.items():
            self.setColumnHidden(column, letters < fewest)
        super().resizeEvent(event)

    def _name_at(self, index: _Index) -> str:
        found = self._operations.at(index)
        if found is None:
            return ""
        top, child = found
        return child.id if child is not None else top.id

    def _on_inserted(self, parent: QModelIndex, first: int, last: int) -> None:
        if not parent.isValid():
            self._unfold_again(range(first, last + 1))

    def _unfold_again(self, rows: range) -> None:
        for row in rows:
            if self._operations.rows[row].id in self._unfolded:
                self.expand(self._operations.index(row, 0))

    def _keep(self) -> None:
        self._kept = self._name_at(self.currentIndex())

    def _restore(self) -> None:
        self._unfold_again(range(len(self._operations.rows)))
        if self._kept:
            self.choose(self._kept)
