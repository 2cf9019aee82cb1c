"""Every node's memory after one step, with names and words: what the small columns mean."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from console.model.outlook import Outlook, Step
from console.ui import theme
from console.ui.models import plan_words as words

_MOST_LINES = 6
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class PlanMemoryPanel(QWidget):
    """Painted; the same is its accessible description. Nodes that do not fit are counted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plan_memory")
        self.setAccessibleName("Memory in use on every node")
        self._outlook: Outlook | None = None
        self._at = -1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_step(self, outlook: Outlook, at: int) -> None:
        """After the step at row ``at``; below 0: before the first."""
        self._outlook, self._at = outlook, at if 0 <= at < len(outlook.steps) else -1
        self.setAccessibleDescription(f"{self.title}: {'; '.join(self.texts)}")
        self.updateGeometry()
        self.update()

    @property
    def title(self) -> str:
        if self._at < 0:
            return "Memory in use before the first step"
        return f"Memory in use after step {self._at + 1}"

    @property
    def texts(self) -> tuple[str, ...]:
        """A line a node."""
        outlook = self._outlook
        if outlook is None:
            return ()
        if self._at >= 0:
            return words.node_texts(outlook, self._at)
        return tuple(f"{r.node} {words.use_text(r.used_mib, r.total_mib)}" for r in outlook.nodes)

    def sizeHint(self) -> QSize:
        lines = 1 + min(_MOST_LINES, -(-len(self.texts) // self._columns()))
        return QSize(200, lines * self._line() + 8)

    def minimumSizeHint(self) -> QSize:
        return QSize(100, self.sizeHint().height())

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        outlook = self._outlook
        if outlook is None:
            return
        painter = QPainter(self)
        colours, line, columns = theme.current(), self._line(), self._columns()
        painter.setPen(colours.color("muted"))
        fits = _MOST_LINES * columns
        more = f"; {len(outlook.nodes) - fits} more nodes" if len(outlook.nodes) > fits else ""
        painter.drawText(QRectF(0, 0, self.width(), line), _LEFT, self.title + more)
        step = outlook.steps[self._at] if self._at >= 0 else None
        wide = self.width() / columns
        for number, room in enumerate(outlook.nodes[:fits]):
            box = QRectF(number % columns * wide, (1 + number // columns) * line, wide - 12, line)
            used = step.used_mib[number] if step is not None else room.used_mib
            self._paint_node(painter, box, number, used, step)

    def _paint_node(
        self, painter: QPainter, box: QRectF, number: int, used: int | None, step: Step | None
    ) -> None:
        assert self._outlook is not None
        room, colours = self._outlook.nodes[number], theme.current()
        share = 0.0 if used is None or not room.total_mib else used / room.total_mib
        is_target = step is not None and step.move.target == room.node
        is_source = step is not None and step.move.source == room.node
        mark = "→ " if is_target else "← " if is_source else ""
        painter.setPen(colours.color("text"))
        letters = QRectF(box)
        letters.setBottom(box.bottom() - 5)
        text = self.fontMetrics().elidedText(
            mark + self.texts[number], Qt.TextElideMode.ElideMiddle, int(box.width())
        )
        painter.drawText(letters, _LEFT, text)
        bar = QRectF(box.left(), box.bottom() - 5, box.width(), 4)
        painter.fillRect(bar, colours.color("tile" if colours.name == "contrast" else "line"))
        token = "critical" if share > 1 else "accent" if is_target else "off"
        bar.setWidth(bar.width() * max(0.0, min(1.0, share)))
        painter.fillRect(bar, colours.color(token))

    def _line(self) -> int:
        return self.fontMetrics().height() + 8

    def _columns(self) -> int:
        """As many beside each other as have room for their words."""
        wide = 36 * self.fontMetrics().averageCharWidth()
        return max(1, min(len(self._outlook.nodes) if self._outlook else 1, self.width() // wide))
