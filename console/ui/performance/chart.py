"""One figure over time, painted: gaps stay gaps, and a line follows the mouse or the arrow keys."""

import math
from collections.abc import Iterator, Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from console.model.performance import FigureSeries, TimeFrame
from console.ui import theme
from console.ui.performance import words

_LINES_HIGH = 8.5
_FRACTIONS = (0.0, 0.5, 1.0)
_NOTHING = "nothing recorded"


class Chart(QWidget):
    """Signal: ``pointed(float)``, a moment that the person looks at; NaN when no more."""

    pointed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
        self.setMinimumHeight(round(_LINES_HIGH * self.fontMetrics().height()))
        self._series: FigureSeries | None = None
        self._frame = TimeFrame.HOUR
        self._span = (0.0, 1.0)
        self._top = 1.0
        self._runs: tuple[words.Spell, ...] = ()
        self._at: float | None = None
        self.margin = 0  # for the values beside the line; the widest of all charts'

    def show_series(self, series: FigureSeries, frame: TimeFrame, begin: float, end: float) -> None:
        self._series, self._frame, self._span = series, frame, (begin, end)
        self._runs = words.spells(series, words.frame_facts(frame).step_s)
        told = [value for run in self._runs for _, value in run.points]
        self._top = words.nice_top(max(told, default=0.0), series.unit)
        self._at = None
        note = f" ({series.note})" if series.note else ""
        self.setAccessibleName(f"{series.title}{note}: {words.summary(series, frame)}")
        self.update()

    @property
    def reading(self) -> str:
        """What stands at the line, or the summary where there is none."""
        if self._series is None:
            return ""
        if self._at is None:
            return words.summary(self._series, self._frame)
        return words.at_text(self._series, self._frame, self._at)

    def point_at(self, at: float | None) -> None:
        """Show the line at this moment: all charts of a window point at the same."""
        if at != self._at:
            self._at = at
            self.update()
            if self.hasFocus():
                self.setAccessibleDescription(self.reading)
                changed = QAccessibleEvent(self, QAccessible.Event.DescriptionChanged)
                QAccessible.updateAccessibility(changed)

    # -- by hand -------------------------------------------------------------------------------
    def enterEvent(self, event: QEnterEvent) -> None:
        self._point_from(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_from(event.position().x())

    def leaveEvent(self, _event: QEvent) -> None:
        self.pointed.emit(math.nan)

    def _point_from(self, x: float) -> None:
        area = self._area()
        self.pointed.emit(self._time_at(x) if area.left() <= x <= area.right() else math.nan)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        times = self._series.times if self._series is not None else ()
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -len(times),
                 Qt.Key.Key_End: len(times)}  # fmt: skip
        step = steps.get(Qt.Key(event.key()))
        if step is None or not times:
            super().keyPressEvent(event)
            return
        self.pointed.emit(times[self._stepped(times, step)])

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.pointed.emit(math.nan)

    def _stepped(self, times: Sequence[float], step: int) -> int:
        if self._at is None:
            return len(times) - 1 if abs(step) == 1 else 0 if step < 0 else len(times) - 1
        at = self._at
        nearest = min(range(len(times)), key=lambda number: abs(times[number] - at))
        return min(max(nearest + step, 0), len(times) - 1)

    # -- places --------------------------------------------------------------------------------
    def _area(self) -> QRectF:
        """Where the line is drawn: beside it stand the values, above the title, below the times."""
        metrics = self.fontMetrics()
        left = max(self.margin, self.label_width) + 16
        return QRectF(self.rect()).adjusted(
            left, metrics.height() * 2.1, -14, -metrics.height() * 1.6
        )

    @property
    def label_width(self) -> int:
        return max(self.fontMetrics().horizontalAdvance(text) for text in self._value_labels())

    def _value_labels(self) -> tuple[str, ...]:
        unit = self._series.unit if self._series is not None else ""
        return tuple(
            words.value_text(unit, self._top * part) if part else "0" for part in _FRACTIONS
        )

    def _time_at(self, x: float) -> float:
        area, (begin, end) = self._area(), self._span
        return begin + (x - area.left()) / max(area.width(), 1.0) * (end - begin)

    def _place(self, area: QRectF, at: float, value: float) -> QPointF:
        begin, end = self._span
        return QPointF(
            area.left() + (at - begin) / (end - begin) * area.width(),
            area.bottom() - min(value / self._top, 1.0) * area.height(),
        )

    # -- painting ------------------------------------------------------------------------------
    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._series is None:
            return
        painter = QPainter(self)
        colours, area = theme.current(), self._area()
        painter.fillRect(self.rect(), colours.color("surface"))
        self._paint_axes(painter, area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_line(painter, area)
        self._paint_title(painter)
        if self._at is not None:
            self._paint_pointer(painter, area, self._at)
        if self.hasFocus():
            painter.setPen(QPen(colours.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def _paint_title(self, painter: QPainter) -> None:
        assert self._series is not None
        colours, metrics = theme.current(), self.fontMetrics()
        font = self.font()
        font.setBold(True)
        painter.setFont(font)
        line = QRectF(10, metrics.height() * 0.35, self.width() - 24, metrics.height() * 1.2)
        painter.setPen(colours.color("text"))
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, self._series.title)
        begin = painter.fontMetrics().horizontalAdvance(self._series.title)
        painter.setFont(self.font())
        if self._series.note:
            painter.setPen(colours.color("muted"))
            note = f"  {self._series.note}"
            painter.drawText(line.adjusted(begin, 0, 0, 0), Qt.AlignmentFlag.AlignLeft, note)
            begin += metrics.horizontalAdvance(note)
        room = round(line.width() - begin - 12)
        told = metrics.elidedText(self.reading, Qt.TextElideMode.ElideLeft, max(room, 0))
        painter.setPen(colours.color("muted" if self._at is None else "text"))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, told)

    def _paint_axes(self, painter: QPainter, area: QRectF) -> None:
        colours, height = theme.current(), self.fontMetrics().height()
        for part, text in zip(_FRACTIONS, self._value_labels(), strict=True):
            y = round(area.bottom() - part * area.height())
            painter.setPen(QPen(colours.color("line"), 1))
            painter.drawLine(round(area.left()), y, round(area.right()), y)
            painter.setPen(colours.color("muted"))
            box = QRectF(0, y - height / 2, area.left() - 6, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight, text)
        begin, end = self._span
        for at in words.ticks(begin, end, self._frame):
            place = self._place(area, at, 0.0)
            painter.setPen(QPen(colours.color("line"), 1))
            painter.drawLine(place, place + QPointF(0, 4))
            text = words.tick_text(at, self._frame)
            wide = self.fontMetrics().horizontalAdvance(text)
            left = min(max(place.x() - wide / 2, area.left()), area.right() - wide)
            painter.setPen(colours.color("muted"))
            painter.drawText(QPointF(left, area.bottom() + height * 1.15), text)

    def _paint_line(self, painter: QPainter, area: QRectF) -> None:
        colours = theme.current()
        accent = colours.color("accent")
        veil = colours.color("accent")
        veil.setAlphaF(0.13)
        for run in self._runs:
            places = [self._place(area, at, value) for at, value in run.points]
            painter.setPen(QPen(accent, 1.6))
            if len(places) == 1:
                painter.setBrush(accent)
                painter.drawEllipse(places[0], 1.6, 1.6)
                continue
            painter.drawPolyline(places)
            ends = (QPointF(places[-1].x(), area.bottom()), QPointF(places[0].x(), area.bottom()))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(veil)
            painter.drawPolygon(QPolygonF([*places, *ends]))
        painter.setPen(colours.color("muted"))
        for gap in self._gaps(area):
            if self.fontMetrics().horizontalAdvance(_NOTHING) < gap.width() - 8:
                painter.drawText(gap, Qt.AlignmentFlag.AlignCenter, _NOTHING)

    def _gaps(self, area: QRectF) -> Iterator[QRectF]:
        """Where nothing was recorded: before, between and after the spells."""
        ends = [
            (
                self._place(area, run.points[0][0], 0).x(),
                self._place(area, run.points[-1][0], 0).x(),
            )
            for run in self._runs
        ]
        edges = [area.left(), *(x for pair in ends for x in pair), area.right()]
        for left, right in zip(edges[::2], edges[1::2], strict=True):
            yield QRectF(left, area.top(), max(right - left, 0.0), area.height())

    def _paint_pointer(self, painter: QPainter, area: QRectF, at: float) -> None:
        begin, end = self._span
        if not begin <= at <= end:
            return
        place = self._place(area, at, 0.0)
        painter.setPen(QPen(theme.current().color("muted"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(place.x(), area.top()), place)
