"""Two cells that are pictures: a step's time on the plan's whole line, and every node's memory."""

from typing import Any

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from console.model.outlook import NodeRoom, Outlook, Step
from console.ui import theme
from console.ui.models.plan_rows import STEP_ROLE, PlanRows

_BAR, _GAP = 9, 3  # of one node, in device-independent pixels
_MANY, _BAR_OF_MANY, _GAP_OF_MANY = 24, 4, 1


def paint_use(
    painter: QPainter,
    box: QRectF,
    room: NodeRoom,
    used_mib: int | None,
    step: Step | None,
    ink: QColor | None = None,
) -> None:
    """A node's memory as a column filled from below: filled with the accent where the step goes,
    hollow where it comes from, crossed out if there is less than is needed. ``ink`` on a selected
    row.
    """
    colours = theme.current()
    is_target = step is not None and step.move.target == room.node
    is_source = step is not None and step.move.source == room.node
    if used_mib is None or not room.total_mib:
        painter.setPen(QPen(ink or colours.color("unknown"), 1, Qt.PenStyle.DotLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        return
    share = used_mib / room.total_mib
    filled = QRectF(box)
    filled.setTop(box.bottom() - box.height() * max(0.0, min(1.0, share)))
    is_over = share > 1.0
    token = "critical" if is_over else "accent" if is_target else "off"
    painter.fillRect(box, _well(ink, colours))
    if is_source and not is_over:
        painter.setPen(QPen(ink or colours.color("accent"), 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(filled.adjusted(0.7, 0.7, -0.7, -0.7))
    else:
        painter.fillRect(filled, ink or colours.color(token))
    if is_over:
        painter.setPen(QPen(colours.color("surface"), 1.4))
        painter.drawLine(box.topLeft(), box.bottomRight())
        painter.drawLine(box.topRight(), box.bottomLeft())


def _well(ink: QColor | None, colours: theme.Theme) -> QColor:
    """What a column stands in."""
    if ink is None and colours.name != "contrast":
        return colours.color("line")
    well = QColor(ink or colours.color("off"))
    well.setAlphaF(0.3)
    return well


class _Painted(QStyledItemDelegate):
    """Draws the row's background as the style does, then its own picture."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Any) -> None:
        super().paint(painter, option, index)
        rows, step = index.model(), index.data(STEP_ROLE)
        if not isinstance(rows, PlanRows) or not isinstance(step, Step) or rows.outlook is None:
            return
        is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        ink = theme.current().color("on_accent") if is_chosen else None
        area: QRect = option.rect.adjusted(6, 3, -6, -3)
        painter.save()
        painter.setClipRect(option.rect)
        self.draw(painter, QRectF(area), rows.outlook, step, ink)
        painter.restore()

    def draw(
        self, painter: QPainter, area: QRectF, outlook: Outlook, step: Step, ink: QColor | None
    ) -> None:
        raise NotImplementedError


class NodesCell(_Painted):
    """Every node's memory after the step, as columns beside each other in the cluster's order."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Any) -> QSize:
        rows = index.model()
        count = len(rows.outlook.nodes) if isinstance(rows, PlanRows) and rows.outlook else 1
        bar, gap = _sizes(count)
        hint = super().sizeHint(option, index)
        return QSize(12 + count * (bar + gap), hint.height())

    def draw(
        self, painter: QPainter, area: QRectF, outlook: Outlook, step: Step, ink: QColor | None
    ) -> None:
        bar, gap = _sizes(len(outlook.nodes))
        for at, (room, used) in enumerate(zip(outlook.nodes, step.used_mib, strict=True)):
            box = QRectF(area.left() + at * (bar + gap), area.top(), bar, area.height())
            paint_use(painter, box, room, used, step, ink)


def _sizes(count: int) -> tuple[int, int]:
    return (_BAR, _GAP) if count <= _MANY else (_BAR_OF_MANY, _GAP_OF_MANY)


class TimelineCell(_Painted):
    """The step on the plan's line of time: a block if all is slow, a line if all is quick."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Any) -> QSize:
        hint = super().sizeHint(option, index)
        letters = option.fontMetrics.averageCharWidth()
        return QSize(16 * letters, hint.height())

    def draw(
        self, painter: QPainter, area: QRectF, outlook: Outlook, step: Step, ink: QColor | None
    ) -> None:
        whole, starts, ends = outlook.finish_s, step.starts_s, step.ends_s
        if whole is None or starts is None or ends is None or whole[1] <= 0:
            return
        colours = theme.current()

        def x(seconds: float) -> float:
            return area.left() + area.width() * seconds / whole[1]

        block = QRectF(area)
        block.setLeft(x(starts[1]))
        block.setWidth(max(2.0, x(ends[1]) - x(starts[1])))
        painter.fillRect(block, ink or colours.color("accent"))
        painter.setPen(QPen(ink or colours.color("muted"), 2))
        line = area.bottom() - 1
        painter.drawLine(
            QPointF(x(starts[0]), line), QPointF(max(x(ends[0]), x(starts[0]) + 2), line)
        )
