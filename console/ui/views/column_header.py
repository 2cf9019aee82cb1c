"""The header of a painted list: its columns, which of them are shown, and in what order."""

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QFontMetrics, QMouseEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QHeaderView, QMenu, QWidget

# Between a cell's edge and its text.
PADDING = 8


class HeadedColumn(Protocol):
    """What a header has to know of a column; ``width`` in average characters."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def is_number(self) -> bool: ...
    @property
    def is_shown(self) -> bool: ...


class ColumnHeader(QHeaderView):
    """Signal: ``columns_changed()`` when others are shown, or in another order.

    The first column always stays. A menu of all others opens at the header's context menu.
    """

    columns_changed = Signal()

    def __init__(self, columns: Sequence[HeadedColumn], parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._columns = columns
        model = QStandardItemModel(0, len(columns), self)
        for position, column in enumerate(columns):
            item = QStandardItem(column.title)
            side = Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            model.setHorizontalHeaderItem(position, item)
        self.setModel(model)
        self.setSectionsClickable(True)
        self.setSectionsMovable(True)
        self.setHighlightSections(False)
        width = QFontMetrics(parent.font()).averageCharWidth()
        for position, column in enumerate(columns):
            self.resizeSection(position, column.width * width + 3 * PADDING)
            self.setSectionHidden(position, not column.is_shown)
        self.sectionMoved.connect(lambda *_: self.columns_changed.emit())
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda at: self.choose(self.mapToGlobal(at)))

    def choose(self, where: QPoint) -> None:
        """A menu of the columns; it stays open while several are switched."""
        menu = _StayingMenu(self)
        menu.setObjectName("columns_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for position, column in enumerate(self._columns):
            if position == 0:
                continue
            action = menu.addAction(column.title.replace("&", "&&"))
            action.setObjectName(f"column_{column.id}")
            action.setCheckable(True)
            action.setChecked(not self.isSectionHidden(position))
            action.toggled.connect(lambda on, at=position: self.show_column(at, is_shown=on))
        menu.popup(where)

    def show_column(self, position: int, *, is_shown: bool) -> None:
        self.setSectionHidden(position, not is_shown)
        self.columns_changed.emit()

    @property
    def shown_ids(self) -> tuple[str, ...]:
        """In their order."""
        order = (self.logicalIndex(at) for at in range(self.count()))
        return tuple(self._columns[at].id for at in order if not self.isSectionHidden(at))

    def show_ids(self, ids: Sequence[str]) -> None:
        """These columns in this order; ids of another version are passed over, none is no wish."""
        known = {column.id: at for at, column in enumerate(self._columns)}
        wanted = [known[name] for name in ids if name in known]
        if not wanted:
            return
        was_blocked = self.blockSignals(True)
        for at in range(len(self._columns)):
            self.setSectionHidden(at, at != 0 and at not in wanted)
        for place, at in enumerate(dict.fromkeys([0, *wanted] if 0 not in wanted else wanted)):
            self.moveSection(self.visualIndex(at), place)
        self.blockSignals(was_blocked)


class _StayingMenu(QMenu):
    """Switching one column does not close it: a person often wants two or three."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        # The right button that opened it is let go of over whatever lies there.
        action = self.actionAt(event.position().toPoint())
        is_left = event.button() is Qt.MouseButton.LeftButton
        if is_left and action is not None and action.isCheckable():
            action.toggle()
            return
        super().mouseReleaseEvent(event)
