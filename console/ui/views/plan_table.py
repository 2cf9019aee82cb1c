"""The table of a plan's steps: dragged by mouse, moved and changed by keys, menu for the rest."""

from collections.abc import Callable, Collection, Sequence

from PySide6.QtCore import QItemSelectionModel, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTreeView, QWidget

from console.model.plan import Method
from console.ui.models import plan_rows
from console.ui.models.plan_rows import PlanRows
from console.ui.views.plan_painting import NodesCell, TimelineCell

_LONGEST, _PADDING = 5, 24
_ALT = Qt.KeyboardModifier.AltModifier


class PlanTable(QTreeView):
    """Signals, all with rows of the plan: ``reorder_wanted(rows, before)``,
    ``target_wanted(rows, node)``, ``method_wanted(rows, Method)``, ``leave_out_wanted(rows)``;
    ``row_shown(row)`` when another row became the current one.

    ``targets(rows)`` tells (node, words) for the menu, ``methods(rows)`` (method, words).
    """

    reorder_wanted = Signal(tuple, int)
    target_wanted = Signal(tuple, str)
    method_wanted = Signal(tuple, object)
    leave_out_wanted = Signal(tuple)
    row_shown = Signal(int)

    def __init__(
        self,
        targets: Callable[[Sequence[int]], Sequence[tuple[str, str]]],
        methods: Callable[[Sequence[int]], Sequence[tuple[Method, str]]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._targets, self._methods = targets, methods
        self.rows = PlanRows(self)
        self.setModel(self.rows)
        self.setObjectName("plan_moves")
        self.setAccessibleName("Moves in order")
        self.setRootIsDecorated(False)
        self.setItemsExpandable(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDragDropOverwriteMode(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setItemDelegateForColumn(plan_rows.TIMELINE, TimelineCell(self))
        self.setItemDelegateForColumn(plan_rows.NODES, NodesCell(self))
        header = self.header()
        header.setSectionsMovable(False)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        # Queued: a drop must have ended before the rows are others.
        self.rows.dropped.connect(self.reorder_wanted, Qt.ConnectionType.QueuedConnection)

    def fit_columns(self) -> None:
        """As wide as what they hold. Not done at every change: Qt would look at every cell."""
        metrics, header = self.fontMetrics(), self.header()
        rows = range(self.rows.rowCount())
        for column in range(plan_rows.KNOW):
            head = header.sectionSizeFromContents(column).width()
            if column in (plan_rows.TIMELINE, plan_rows.NODES):
                wide = self.sizeHintForIndex(self.rows.index(0, column)).width() if rows else 0
            else:
                texts = {self.rows.texts(row)[column] for row in rows}
                longest = sorted(texts, key=len)[-_LONGEST:]
                wide = max(map(metrics.horizontalAdvance, longest), default=0) + _PADDING
            header.resizeSection(column, max(head, wide))

    @property
    def chosen(self) -> tuple[int, ...]:
        """The selected rows, in order."""
        return tuple(sorted(index.row() for index in self.selectionModel().selectedRows()))

    def set_editable(self, is_editable: bool) -> None:
        self.rows.is_editable = is_editable

    def choose(self, rows: Collection[int]) -> None:
        """Select these rows; the first becomes the current one and comes into sight."""
        flags = QItemSelectionModel.SelectionFlag
        model = self.selectionModel()
        model.clear()
        for row in sorted(rows, reverse=True):
            if 0 <= row < self.rows.rowCount():
                index = self.rows.index(row, 0)
                model.select(index, flags.Select | flags.Rows)
                model.setCurrentIndex(index, flags.NoUpdate)
                self.scrollTo(index)

    def currentChanged(self, current: object, previous: object) -> None:
        super().currentChanged(current, previous)  # type: ignore[arg-type]
        self.row_shown.emit(self.currentIndex().row())

    # -- keys ----------------------------------------------------------------------------------
    def keyPressEvent(self, event: QKeyEvent) -> None:
        rows, key = self.chosen, event.key()
        is_alt = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == _ALT
        if not rows or not self.rows.is_editable:
            super().keyPressEvent(event)
        elif is_alt and key == Qt.Key.Key_Up:
            self.reorder_wanted.emit(rows, max(0, rows[0] - 1))
        elif is_alt and key == Qt.Key.Key_Down:
            self.reorder_wanted.emit(rows, min(self.rows.rowCount(), rows[-1] + 2))
        elif key == Qt.Key.Key_Delete:
            self.leave_out_wanted.emit(rows)
        elif key in (Qt.Key.Key_F2, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open_menu(self._below_current())
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self.chosen:
            return
        is_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        self._open_menu(event.globalPos() if is_mouse else self._below_current())

    def _below_current(self) -> QPoint:
        box = self.visualRect(self.currentIndex())
        return self.viewport().mapToGlobal(box.bottomLeft())

    # -- menu ----------------------------------------------------------------------------------
    def _open_menu(self, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setObjectName("plan_menu")
        self.fill_menu(menu, self.chosen)
        menu.popup(where)

    def fill_menu(self, menu: QMenu, rows: tuple[int, ...]) -> None:
        """Where to, how, earlier, later, leave out."""
        is_editable = self.rows.is_editable
        to = menu.addMenu("&Go to")
        to.setObjectName("plan_to")
        for node, told in self._targets(rows):
            act = to.addAction(told)
            act.setObjectName(f"to_{node}")
            act.triggered.connect(lambda _=False, node=node: self.target_wanted.emit(rows, node))
        how = menu.addMenu("&Method")
        how.setObjectName("plan_how")
        for method, told in self._methods(rows):
            act = how.addAction(told)
            act.setObjectName(f"by_{method.value}")
            act.triggered.connect(lambda _=False, how=method: self.method_wanted.emit(rows, how))
        menu.addSeparator()
        up = menu.addAction("&Earlier\tAlt+Up")
        up.triggered.connect(lambda: self.reorder_wanted.emit(rows, max(0, rows[0] - 1)))
        down = menu.addAction("&Later\tAlt+Down")
        count = self.rows.rowCount()
        down.triggered.connect(lambda: self.reorder_wanted.emit(rows, min(count, rows[-1] + 2)))
        menu.addSeparator()
        out = menu.addAction("Leave it &out\tDel")
        out.setObjectName("plan_leave_out")
        out.triggered.connect(lambda: self.leave_out_wanted.emit(rows))
        for entry in menu.actions():
            entry.setEnabled(is_editable)
