"""How a node's card and a VM's tile look. Tiles are pixmaps kept by look, drawn in one call."""

from typing import NamedTuple

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetrics, QPainter, QPen, QPixmap

from console.health import Health, HealthLevel
from console.model.finding import NodeVerdict, Verdict
from console.model.node import Node
from console.model.virtual_machine import SecurityType
from console.ui import theme
from console.ui.models.move_words import outlook_text
from console.ui.plain_text import one_line
from console.ui.views.map_layout import Card, Measures
from console.ui.views.map_placement import NOT_PLACED

_RADIUS = 7.0


class TileLook(NamedTuple):
    """Everything that decides how a tile looks but its words; equal looks share one pixmap."""

    level: HealthLevel
    security: SecurityType
    is_selected: bool = False
    is_current: bool = False
    is_moving: bool = False
    is_lifted: bool = False
    is_arriving: bool = False  # not the VM itself: the place that is kept for it at its target
    disagrees: bool = False  # Azure and the cluster say differently of it


class TileFace(NamedTuple):
    """A tile as it is drawn. While the VM moves ``second`` stands under the name, and ``figure``,
    how far it is, beside it: both are short, and the name gives way. ``fraction``, 0..1, is a bar
    along the lower edge; ``is_troubled`` colours it.
    """

    look: TileLook
    caption: str
    second: str = ""
    figure: str = ""
    fraction: float | None = None
    is_troubled: bool = False


class TilePainter:
    """Draws tiles; keeps one pixmap a look for this size, scale and theme."""

    def __init__(self) -> None:
        self._pixmaps: dict[TileLook, QPixmap] = {}
        self._made_for: tuple[object, ...] = ()

    def draw(
        self, painter: QPainter, area: QRect, face: TileFace, sizes: Measures, ratio: float
    ) -> None:
        made_for = (area.width(), area.height(), ratio, theme.current().name, sizes)
        if made_for != self._made_for:
            self._pixmaps.clear()
            self._made_for = made_for
        pixmap = self._pixmaps.get(face.look)
        if pixmap is None:
            pixmap = self._make(area.size(), face.look, sizes, ratio)
            self._pixmaps[face.look] = pixmap
        painter.drawPixmap(area.topLeft(), pixmap)
        if face.fraction is not None:
            _draw_bar(painter, area, face)
        if sizes.has_captions:
            self._draw_words(painter, area, face, sizes)

    def _draw_words(self, painter: QPainter, area: QRect, face: TileFace, sizes: Measures) -> None:
        colors, look = theme.current(), face.look
        left = area.left() + sizes.line + sizes.letter
        text = QRect(left, area.top(), area.right() - left - sizes.letter, area.height())
        is_quiet = look.level is HealthLevel.OFF or look.is_arriving
        painter.setPen(colors.color("muted" if is_quiet else "text"))
        if face.second:
            self._draw_two_lines(painter, text, face, sizes)
        else:
            room = text.width()
            if look.security is SecurityType.TRUSTED_LAUNCH:
                room -= sizes.line
            if look.disagrees:
                room -= sizes.line
            shown = painter.fontMetrics().elidedText(
                face.caption, Qt.TextElideMode.ElideRight, room
            )
            painter.drawText(text, _LEFT, shown)

    def _draw_two_lines(
        self, painter: QPainter, text: QRect, face: TileFace, sizes: Measures
    ) -> None:
        """Name and figure, and where to under them: the name has the larger letters."""
        colors, name = theme.current(), painter.font()
        small = QFont(name)
        small.setPointSizeF(name.pointSizeF() * 0.88)
        wide = text.width() + sizes.letter // 2
        half = QRect(text.left(), text.top() + 1, wide, text.height() // 2)
        elide, room = Qt.TextElideMode.ElideRight, wide
        token = "attention" if face.is_troubled else "accent"
        if face.figure:
            room -= QFontMetrics(small).horizontalAdvance(face.figure) + 4
        painter.drawText(half, _LEFT, painter.fontMetrics().elidedText(face.caption, elide, room))
        painter.setFont(small)
        painter.setPen(colors.color(token))
        painter.drawText(half, _RIGHT, face.figure)
        half.translate(0, half.height() - 3)
        painter.drawText(half, _LEFT, QFontMetrics(small).elidedText(face.second, elide, wide))
        painter.setFont(name)

    def _make(self, size: QSize, look: TileLook, sizes: Measures, ratio: float) -> QPixmap:
        colors = theme.current()
        pixmap = QPixmap(size * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(0.75, 0.75, size.width() - 1.5, size.height() - 1.5)
        fill = colors.color("tile")
        if look.is_arriving:
            fill = colors.color("surface")
        elif look.is_moving and not look.is_selected:
            # Where it still is, but not for long.
            fill = mixed(colors.color("tile"), colors.color("surface"), 0.5)
        elif look.is_selected:
            fill = mixed(colors.color("accent"), colors.color("surface"), 0.22)
        elif look.level is HealthLevel.CRITICAL:
            fill = mixed(colors.color("critical"), colors.color("surface"), 0.16)
        edge = QPen(colors.color("accent") if look.is_selected else fill, 1.5)
        if look.is_moving or look.is_arriving:
            edge = QPen(colors.color("accent"), 1.5, Qt.PenStyle.DashLine)
        if look.is_current:
            edge = QPen(colors.color("text"), 1.5, Qt.PenStyle.DotLine)
        painter.setPen(edge)
        painter.setBrush(fill)
        if look.is_lifted:
            painter.setOpacity(0.45)
        radius = 5.0 if sizes.has_captions else 3.0
        painter.drawRoundedRect(box, radius, radius)
        self._draw_marks(painter, size, look, sizes)
        painter.end()
        return pixmap

    def _draw_marks(self, painter: QPainter, size: QSize, look: TileLook, sizes: Measures) -> None:
        if look.is_arriving:
            return  # its health is told where it runs
        if not sizes.has_captions:
            side = max(6, round(size.height() * 0.68))
            offset = (size.height() - side) // 2
            left = (size.width() - side) // 2
            theme.paint_health(painter, QRect(left, offset, side, side), look.level)
            return
        side = round(sizes.line * 0.7)
        top = (size.height() - side) // 2
        theme.paint_health(painter, QRect(sizes.letter, top, side, side), look.level)
        if look.security is SecurityType.TRUSTED_LAUNCH and not look.is_moving:
            shield = QRect(size.width() - side - sizes.letter, top, side, side)
            paint_shield(painter, shield, theme.current().color("muted"))
        if look.disagrees and not look.is_moving:
            left = size.width() - 2 * side - 2 * sizes.letter
            paint_unequal(painter, QRect(left, top, side, side))


def _draw_bar(painter: QPainter, area: QRect, face: TileFace) -> None:
    """How far the move is, along the tile's lower edge."""
    colors = theme.current()
    height = max(2, area.height() // 12)
    track = QRect(area.left() + 3, area.bottom() - height - 1, area.width() - 6, height)
    painter.fillRect(track, colors.color("line"))
    track.setWidth(round(track.width() * min(1.0, max(0.0, face.fraction or 0.0))))
    painter.fillRect(track, colors.color("attention" if face.is_troubled else "accent"))


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def draw_card(
    painter: QPainter,
    card: Card,
    node: Node | None,
    health: Health,
    verdict: NodeVerdict | None,
    is_hovered: bool,
    sizes: Measures,
) -> None:
    """The card's ground and header; ``verdict`` replaces the figures while VMs are lifted."""
    colors = theme.current()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    fill, edge, width = colors.color("surface"), colors.color("line"), 1.0
    if verdict is not None:
        token = colors.color(theme.VERDICT_TOKEN[verdict.verdict])
        fill = mixed(token, fill, 0.14 if is_hovered else 0.06)
        edge, width = token, 3.0 if is_hovered else 1.6
    painter.setPen(QPen(edge, width))
    painter.setBrush(fill)
    painter.drawRoundedRect(QRectF(card.area).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
    painter.restore()
    area = card.area.adjusted(2 * sizes.gap, sizes.gap, -2 * sizes.gap, 0)
    lines = [
        QRect(
            area.left(), area.top() + at * (sizes.line + sizes.gap // 2), area.width(), sizes.line
        )
        for at in range(4)
    ]
    if card.node == NOT_PLACED or node is None:
        _title(painter, lines[0], "Not placed", "", sizes)
        painter.setPen(colors.color("muted"))
        _text(painter, lines[1], "Known to Azure; the cluster shows them on no node.")
    elif verdict is not None:
        _verdict_lines(painter, lines, node, verdict, sizes)
    else:
        _figure_lines(painter, lines, node, health, len(card.keys), sizes)


def _figure_lines(
    painter: QPainter, lines: list[QRect], node: Node, health: Health, count: int, sizes: Measures
) -> None:
    colors = theme.current()
    side = round(sizes.line * 0.75)
    word = str(node.state)
    _title(painter, lines[0], node.name, word, sizes)
    right = painter.fontMetrics().horizontalAdvance(word)
    mark = QRect(
        lines[0].right() - right - side - sizes.letter,
        lines[0].center().y() - side // 2 + 1,
        side,
        side,
    )
    theme.paint_health(painter, mark, health.level)
    total, free = node.memory_total_mib, node.memory_available_mib
    used = total - free if total is not None and free is not None else None
    _memory_bar(painter, lines[1], used, None, total, colors.color("accent"))
    painter.setPen(colors.color("muted"))
    memory = (
        f"{used // 1024} of {total // 1024} GiB"
        if used is not None and total is not None
        else "memory not known"
    )
    cpu = "CPU not known" if node.cpu_percent is None else f"CPU {node.cpu_percent:.0f} %"
    _text(painter, lines[2], f"{memory}  ·  {cpu}  ·  {count} VM{'' if count == 1 else 's'}")
    if health.level is HealthLevel.HEALTHY:
        _text(painter, lines[3], f"IgvmAgent {node.igvm_agent.lower()}")
    else:
        painter.setPen(colors.color(theme.HEALTH_TOKEN[health.level]))
        _text(painter, lines[3], health.sentence)


def _verdict_lines(
    painter: QPainter, lines: list[QRect], node: Node, verdict: NodeVerdict, sizes: Measures
) -> None:
    colors = theme.current()
    token = colors.color(theme.VERDICT_TOKEN[verdict.verdict])
    side = round(sizes.line * 0.9)
    word = str(verdict.verdict)
    _title(painter, lines[0], node.name, "", sizes)
    font = QFont(painter.font())
    font.setBold(True)
    painter.save()
    painter.setFont(font)
    painter.setPen(token)
    painter.drawText(lines[0], _RIGHT, word)
    left = lines[0].right() - painter.fontMetrics().horizontalAdvance(word)
    painter.restore()
    mark = QRect(left - side - sizes.letter, lines[0].center().y() - side // 2, side, side)
    theme.paint_verdict(painter, mark, verdict.verdict)
    before, after = verdict.memory_before_mib, verdict.memory_after_mib
    moves = after if verdict.verdict is not Verdict.CANNOT else None
    _memory_bar(painter, lines[1], before, moves, verdict.memory_total_mib, token)
    painter.setPen(colors.color("muted"))
    _text(painter, lines[2], outlook_text(verdict))
    painter.setPen(colors.color("text"))
    _text(
        painter, lines[3], verdict.findings[0].text if verdict.findings else "Nothing against it."
    )


def _title(painter: QPainter, line: QRect, name: str, right: str, sizes: Measures) -> None:
    painter.save()
    painter.setPen(theme.current().color("text"))
    painter.drawText(line, _RIGHT, right)
    font = QFont(painter.font())
    font.setBold(True)
    painter.setFont(font)
    _text(painter, line.adjusted(0, 0, -16 * sizes.letter, 0), name)
    painter.restore()


def _text(painter: QPainter, line: QRect, text: str) -> None:
    shown = painter.fontMetrics().elidedText(
        one_line(text), Qt.TextElideMode.ElideRight, line.width()
    )
    painter.drawText(line, _LEFT, shown)


def _memory_bar(
    painter: QPainter,
    line: QRect,
    before: int | None,
    after: int | None,
    total: int | None,
    color: QColor,
) -> None:
    """Committed memory, and hatched beside it what the move would add. Unknown stays an outline."""
    colors = theme.current()
    height = max(6, line.height() // 2)
    track = QRectF(line.left(), line.center().y() - height // 2 + 0.5, line.width() - 1, height - 1)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(colors.color("line"))
    painter.setBrush(colors.color("tile"))
    painter.drawRoundedRect(track, height / 2, height / 2)
    painter.setPen(Qt.PenStyle.NoPen)
    if before is not None and total:
        width = track.width() * min(1.0, before / total)
        filled = QRectF(track.left(), track.top(), max(width, height), track.height())
        painter.setBrush(colors.color("accent"))
        painter.drawRoundedRect(filled, height / 2, height / 2)
        if after is not None and after > before:
            more = max(3.0, track.width() * min(1.0, after / total) - width)
            more = min(more, track.right() - filled.right())
            added = QRectF(filled.right() - height / 2, track.top(), more + height / 2, height - 1)
            painter.setBrush(QBrush(color, Qt.BrushStyle.Dense4Pattern))
            painter.drawRoundedRect(added, 2, 2)
    painter.restore()


def paint_shield(painter: QPainter, area: QRect, color: QColor) -> None:
    """The small sign of a Trusted launch VM."""
    x, y, w, h = area.x(), area.y(), area.width(), area.height()
    outline = [(0.5, 0.0), (0.95, 0.15), (0.95, 0.55), (0.5, 1.0), (0.05, 0.55), (0.05, 0.15)]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color, 1.3))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolygon([QPoint(round(x + a * w), round(y + b * h)) for a, b in outline])
    painter.restore()


def paint_unequal(painter: QPainter, area: QRect) -> None:
    """The sign, not equal, of what Azure and the cluster say differently."""
    x, y, w, h = area.x(), area.y(), area.width(), area.height()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.current().color("attention"), 1.8))
    for one, other in (((0.05, 0.35), (0.95, 0.35)), ((0.05, 0.68), (0.95, 0.68)),
                       ((0.72, 0.05), (0.28, 0.98))):  # fmt: skip
        painter.drawLine(
            QPoint(round(x + one[0] * w), round(y + one[1] * h)),
            QPoint(round(x + other[0] * w), round(y + other[1] * h)),
        )
    painter.restore()


def mixed(one: QColor, other: QColor, share: float) -> QColor:
    """``share`` of one in the other."""
    return QColor(
        round(one.red() * share + other.red() * (1 - share)),
        round(one.green() * share + other.green() * (1 - share)),
        round(one.blue() * share + other.blue() * (1 - share)),
    )
