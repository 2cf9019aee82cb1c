"""How the wall looks: colours of small tiles, shapes of larger ones, captions with counts.

A healthy tile is faint and a critical one the strongest, so that what matters stands out by
lightness too: nobody has to tell red from green.
"""

import functools

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from console.health.fleet import LEVELS
from console.health.levels import HealthLevel
from console.ui import theme
from console.ui.theme import Theme

# How much of its colour a level's tile shows over the ground.
_STRENGTH = {
    HealthLevel.HEALTHY: 0.34,
    HealthLevel.OFF: 0.30,
    HealthLevel.ATTENTION: 0.92,
    HealthLevel.UNKNOWN: 0.66,
    HealthLevel.CRITICAL: 1.0,
}
_FAINT = 0.55  # of it all where what is known is old
_NOT_FOUND = 0.09  # of what a search does not find
_STRONG = frozenset((HealthLevel.ATTENTION, HealthLevel.CRITICAL, HealthLevel.UNKNOWN))


def tile_colours() -> list[int]:
    """By level's place, 8 further on for old data, 16 for what is not found; others: the ground."""
    return list(_tile_colours(theme.current()))


@functools.lru_cache(maxsize=8)
def _tile_colours(colours: Theme) -> tuple[int, ...]:
    ground = colours.color("window")
    found = [ground.rgb()] * 32
    for at, level in enumerate(LEVELS):
        ink, strength = colours.color(theme.HEALTH_TOKEN[level]), _STRENGTH[level]
        found[at] = _mixed(ground, ink, strength).rgb()
        found[at + 8] = _mixed(ground, ink, strength * _FAINT).rgb()
        found[at + 16] = _mixed(ground, colours.color("muted"), _NOT_FOUND).rgb()
    return tuple(found)


def _mixed(ground: QColor, ink: QColor, share: float) -> QColor:
    parts = (
        round(a + (b - a) * share)
        for a, b in zip(ground.getRgb()[:3], ink.getRgb()[:3], strict=True)  # type: ignore[index]
    )
    return QColor(*parts)


def draw_grid(painter: QPainter, area: QRectF, width: float, height: float) -> None:
    """Lines of the ground between tiles, in one call."""
    ratio = painter.device().devicePixelRatioF()
    cell = _cell(theme.current(), round(width * ratio), round(height * ratio), ratio)
    painter.drawTiledPixmap(area, cell, QPointF(0, 0))


@functools.lru_cache(maxsize=16)
def _cell(colours: Theme, width: int, height: int, ratio: float) -> QPixmap:
    cell = QPixmap(width, height)
    cell.fill(Qt.GlobalColor.transparent)
    painter = QPainter(cell)
    line = max(1, round(ratio))
    ground = colours.color("window")
    painter.fillRect(width - line, 0, line, height, ground)
    painter.fillRect(0, height - line, width, line, ground)
    painter.end()
    cell.setDevicePixelRatio(ratio)
    return cell


def draw_caption(
    painter: QPainter, area: QRectF, title: str, counts: list[int], has_notes: bool
) -> None:
    """The group's name, and how many of its VMs are critical, warned of, or not known."""
    colours, metrics = theme.current(), painter.fontMetrics()
    right = area.right()
    side = metrics.ascent() * 0.8
    for level in (HealthLevel.UNKNOWN, HealthLevel.ATTENTION, HealthLevel.CRITICAL):
        count = counts[LEVELS.index(level)]
        if not count:
            continue
        text = str(count)
        wide = metrics.horizontalAdvance(text)
        if right - wide - side - 6 < area.left() + area.width() * 0.35:
            break
        painter.setPen(colours.color("text"))
        box = QRectF(right - wide, area.top(), wide, area.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)
        top = int(area.center().y() - side / 2)
        mark = QRect(int(box.left() - side - 3), top, int(side), int(side))
        theme.paint_health(painter, mark, level)
        right = mark.left() - 6
    painter.setPen(colours.color("attention" if has_notes else "text"))
    shown = f"! {title}" if has_notes else title
    room = QRectF(area.left(), area.top(), max(0.0, right - area.left()), area.height())
    painter.drawText(
        room,
        Qt.AlignmentFlag.AlignVCenter,
        metrics.elidedText(shown, Qt.TextElideMode.ElideRight, int(room.width())),
    )


def marks(side: int, ratio: float) -> list[QPixmap]:
    """A shape a level for tiles of this height, drawn once and kept."""
    return list(_marks(theme.current(), side, ratio))


def row_marks(side: int, ratio: float) -> list[QPixmap]:
    """The same for rows of a list, in the levels' own colours; an empty one where there is none."""
    return list(_row_marks(theme.current(), side, ratio))


@functools.lru_cache(maxsize=8)
def _row_marks(colours: Theme, side: int, ratio: float) -> tuple[QPixmap, ...]:
    found = []
    for level in (*LEVELS, None, None, None):
        pixmap = QPixmap(round(side * ratio), round(side * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        if level is not None:
            painter = QPainter(pixmap)
            ink = colours.color(theme.HEALTH_TOKEN[level])
            theme.paint_shape(painter, QRect(0, 0, side, side), theme.shape_of(level), ink)
            painter.end()
        found.append(pixmap)
    return tuple(found)


@functools.lru_cache(maxsize=24)
def _marks(colours: Theme, side: int, ratio: float) -> tuple[QPixmap, ...]:
    found = []
    for level in LEVELS:
        pixmap = QPixmap(round(side * ratio), round(side * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        inset = max(2, round(side * 0.2))
        area = QRect(inset, inset, side - 2 * inset - 1, side - 2 * inset - 1)
        ink = colours.color("surface" if level in _STRONG else theme.HEALTH_TOKEN[level])
        theme.paint_shape(painter, area, theme.shape_of(level), ink)
        painter.end()
        found.append(pixmap)
    return tuple(found)


def draw_name(
    painter: QPainter, area: QRectF, name: str, level: int, shapes: list[QPixmap]
) -> None:
    """A tile large enough for its VM's name."""
    metrics = painter.fontMetrics()
    side = area.height()
    painter.drawPixmap(QPointF(area.left(), area.top()), shapes[level])
    colours = theme.current()
    painter.setPen(colours.color("surface" if LEVELS[level] in _STRONG else "text"))
    room = area.adjusted(side, 0, -2, 0)
    text = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, int(room.width()))
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)


def draw_cursor(painter: QPainter, tile: QRectF, *, is_focused: bool) -> None:
    """Around the current tile, visible however small it is."""
    around = tile.adjusted(-2, -2, 1, 1)
    least = 9.0
    if around.width() < least:
        grow = (least - around.width()) / 2
        around.adjust(-grow, 0, grow, 0)
    if around.height() < least:
        grow = (least - around.height()) / 2
        around.adjust(0, -grow, 0, grow)
    colours = theme.current()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colours.color("text"), 2 if is_focused else 1))
    painter.drawRect(around)
