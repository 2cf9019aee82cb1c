"""Four small lines of figures: now, and how it was since the console looked."""

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QSizePolicy, QWidget

from console.ui import theme
from console.ui.models.alarm_words import for_how_long
from console.ui.models.figures import GAP_S, Reading
from console.ui.models.inspector_facts import rate_text
from console.ui.models.vm_columns import memory_text

_TITLES = ("CPU", "Memory", "Network", "Storage")


def value_text(which: int, value: float) -> str:
    """With its unit; what was not told is said so."""
    if math.isnan(value):
        return "not told"
    if which == 0:
        return f"{value:.0f} %"
    return memory_text(round(value)) if which == 1 else rate_text(round(value))


class Sparkline(QWidget):
    """A line over the time that readings cover, from zero; it breaks where none came."""

    def __init__(self, which: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._which = which
        self._points: list[list[tuple[float, float]]] = []
        self._span, self._top = (0.0, 1.0), 1.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(round(self.fontMetrics().height() * 1.35))
        self.setMinimumWidth(6 * self.fontMetrics().averageCharWidth())

    def show_readings(self, readings: Sequence[Reading]) -> None:
        self._points = []
        last = -math.inf
        known = [(each.at, each.values[self._which]) for each in readings]
        for at, value in known:
            if math.isnan(value):
                last = -math.inf
                continue
            if at - last > GAP_S:
                self._points.append([])
            self._points[-1].append((at, value))
            last = at
        if known:
            self._span = (known[0][0], max(known[-1][0], known[0][0] + 1.0))
        told = [value for run in self._points for _, value in run]
        self._top = 100.0 if self._which == 0 else max([*told, 1.0]) * 1.1
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = theme.current()
        area = QRectF(self.rect()).adjusted(1, 2, -3, -2)
        painter.setPen(QPen(colours.color("line"), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.setPen(QPen(colours.color("accent"), 1.6))
        begin, end = self._span
        for run in self._points:
            places = [
                QPointF(
                    area.left() + (at - begin) / (end - begin) * area.width(),
                    area.bottom() - min(1.0, value / self._top) * area.height(),
                )
                for at, value in run
            ]
            if len(places) == 1:
                painter.drawEllipse(places[0], 1.2, 1.2)
            else:
                painter.drawPolyline(places)


class FiguresPanel(QWidget):
    """Hidden where nothing was read; each row is told to a screen reader in one sentence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("figures_panel")
        grid = QGridLayout(self)
        grid.setContentsMargins(4, 8, 4, 0)
        grid.setVerticalSpacing(2)
        self._values: list[QLabel] = []
        self.lines: list[Sparkline] = []
        letters = self.fontMetrics().averageCharWidth()
        for row, title in enumerate(_TITLES):
            name, value, line = QLabel(title, self), QLabel(self), Sparkline(row, self)
            name.setForegroundRole(theme.MUTED_ROLE)
            value.setTextFormat(Qt.TextFormat.PlainText)
            value.setMinimumWidth(11 * letters)
            for column, widget in enumerate((name, value, line)):
                grid.addWidget(widget, row, column)
            self._values.append(value)
            self.lines.append(line)
        grid.setColumnStretch(2, 1)
        self._since = QLabel(self)
        self._since.setObjectName("figures_since")
        self._since.setForegroundRole(theme.MUTED_ROLE)
        self._since.setWordWrap(True)
        # Hidden where nothing but what was seen here can be told: in the past.
        self.further = QPushButton("Over time…", self)
        self.further.setObjectName("figures_further")
        self.further.setToolTip("What the cluster remembers: an hour up to a year (Ctrl+Shift+P)")
        self.further.hide()
        grid.addWidget(self._since, len(_TITLES), 0, 1, 2)
        grid.addWidget(self.further, len(_TITLES), 2, Qt.AlignmentFlag.AlignRight)

    def show_readings(self, readings: Sequence[Reading], now: float) -> None:
        self.setVisible(bool(readings))
        if not readings:
            return
        last = readings[-1]
        seen = for_how_long(readings[0].at, now)
        count = f"{len(readings)} reading{'' if len(readings) == 1 else 's'}"
        is_old = now - last.at > GAP_S
        old = f"; the last was {for_how_long(last.at, now)} ago" if is_old else ""
        self._since.setText(f"Seen by this console for {seen}, {count}{old}.")
        for which, (label, line) in enumerate(zip(self._values, self.lines, strict=True)):
            text = value_text(which, last.values[which])
            label.setText(text)
            label.setEnabled(not is_old)
            line.show_readings(readings)
            told = [v for each in readings if not math.isnan(v := each.values[which])]
            words = f"{_TITLES[which]}: {text}"
            if told:
                low, high = value_text(which, min(told)), value_text(which, max(told))
                words += f"; from {low} to {high} in {seen}{old}"
            for widget in (label, line):
                widget.setAccessibleName(words)
                widget.setToolTip(words)
