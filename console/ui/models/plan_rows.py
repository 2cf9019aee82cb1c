"""The steps of a judged plan as rows that can be dragged. The model changes nothing itself: a drop
is told as a wish, and the plan is judged anew.
"""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QMimeData, QModelIndex, QObject, Qt, Signal

from console.model.outlook import Outlook, Step
from console.ui import theme
from console.ui.models import plan_words as words
from console.ui.plain_text import one_line, tip

COLUMNS = (
    "Step", "VM", "Memory", "From", "To", "Method", "Starts", "Ends", "Timeline", "N+1 then",
    "Memory on all nodes", "What to know",
)  # fmt: skip
STEP, VM, MEMORY, SOURCE, TARGET, METHOD, STARTS, ENDS, TIMELINE, RESERVE, NODES, KNOW = range(12)
STEP_ROLE = Qt.ItemDataRole.UserRole
_MIME = "application/x-tlconsole-plan-rows"
_HEAD_TIPS = {
    STARTS: "From the start of the plan, at the cluster's own limit of moves at a time",
    TIMELINE: "Solid: if every move takes as long as promised at most; line: if all are quick",
    RESERVE: "Whether the nodes in use could bear the loss of one, once this step is done",
    NODES: "Memory in use on every node once this step is done, in the order of the map. Coloured: "
    "it goes there; hollow: it comes from there; crossed out: less than is needed",
}


class PlanRows(QAbstractTableModel):
    """Signal: ``dropped(rows, before)`` when rows were dragged right before another one."""

    dropped = Signal(tuple, int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.outlook: Outlook | None = None
        self._shared: tuple[str, ...] = ()
        self._lost_at: int | None = None
        self._texts: dict[int, tuple[str, ...]] = {}  # of rows that were looked at
        self.is_editable = True

    def show(self, outlook: Outlook) -> None:
        """Show another judgement of the plan."""
        self.beginResetModel()
        self.outlook = outlook
        self._shared = words.notes_of_all(outlook)
        self._lost_at = outlook.reserve_lost_at
        self._texts.clear()
        self.endResetModel()

    @property
    def steps(self) -> Sequence[Step]:
        return self.outlook.steps if self.outlook is not None else ()

    # -- Qt's questions ------------------------------------------------------------------------
    def rowCount(self, parent: Any = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.steps)

    def columnCount(self, parent: Any = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return _HEAD_TIPS.get(section)
        return None

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or self.outlook is None:
            return None
        row, column = index.row(), index.column()
        step = self.steps[row]
        if role == Qt.ItemDataRole.DisplayRole:
            return "" if column in (NODES, TIMELINE) else self.texts(row)[column]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{COLUMNS[column]}: {self.texts(row)[column]}"
        if role == Qt.ItemDataRole.ToolTipRole:
            if column == NODES:
                return tip("\n".join(words.node_texts(self.outlook, row)))
            return tip(self.texts(row)[column])
        if role == Qt.ItemDataRole.DecorationRole and column == KNOW:
            return theme.verdict_icon(step.verdict)
        if role == Qt.ItemDataRole.ForegroundRole and step.is_broken:
            return theme.current().color(theme.VERDICT_TOKEN[step.verdict])
        if role == Qt.ItemDataRole.ForegroundRole and column == RESERVE:
            is_lost = step.survives_node_loss is False
            return theme.current().color("attention") if is_lost else None
        if role == STEP_ROLE:
            return step
        return None

    def texts(self, row: int) -> tuple[str, ...]:
        """What each cell of the row says; of the painted ones, what they show."""
        known = self._texts.get(row)
        if known is None:
            known = self._texts[row] = self._cells(row, self.steps[row])
        return known

    def _cells(self, row: int, step: Step) -> tuple[str, ...]:
        assert self.outlook is not None
        move = step.move
        told = words.know_text(step, self._shared)
        starts, ends = (words.moment_text(range_) for range_ in (step.starts_s, step.ends_s))
        if step.is_broken:
            starts = ends = "–"
            told = f"{words.verdict_word(step)}: {told}"
        is_lost_here = self._lost_at == row + 1
        return (
            str(row + 1),
            one_line(move.vm_name),
            words.step_memory_text(step),
            move.source,
            move.target,
            words.method_text(step),
            starts,
            ends,
            f"{starts}, ends {ends}",
            "LOST HERE" if is_lost_here else words.RESERVE_WORDS[step.survives_node_loss],
            "; ".join(words.node_texts(self.outlook, row)),
            told,
        )

    # -- dragging ------------------------------------------------------------------------------
    def flags(self, index: Any) -> Qt.ItemFlag:
        base = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if not self.is_editable:
            return base
        # Rows take nothing: a drop goes between them.
        more = Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else Qt.ItemFlag.ItemIsDropEnabled
        return base | more

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        rows = sorted({index.row() for index in indexes})
        data = QMimeData()
        data.setData(_MIME, ",".join(map(str, rows)).encode())
        return data

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Any
    ) -> bool:
        if not data.hasFormat(_MIME) or action != Qt.DropAction.MoveAction:
            return False
        told = bytes(data.data(_MIME).data()).decode()
        rows = tuple(int(part) for part in told.split(",") if part)
        if not rows or max(rows) >= len(self.steps):
            return False
        # Below the last row, or (never by us) on one.
        before = row if row >= 0 else parent.row() if parent.isValid() else len(self.steps)
        self.dropped.emit(rows, before)
        return False  # nothing is to be removed: the plan is judged anew as a whole
