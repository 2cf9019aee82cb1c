"""While VMs are lifted: nodes whose card is out of sight, as chips along the lower edge.

Every node answers and can be dropped on without scrolling under a held mouse button.
"""

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPen

from console.model.finding import NodeVerdict
from console.ui import theme
from console.ui.plain_text import one_line
from console.ui.views.map_layout import Card, Measures
from console.ui.views.map_painting import mixed

_CHIP_LETTERS = 27


class Chip(msgspec.Struct, frozen=True):
    """One node out of sight; ``area`` in viewport coordinates."""

    node: str
    area: QRect


def lay_out_chips(
    cards: Sequence[Card], offset: int, viewport: QRect, sizes: Measures
) -> list[Chip]:
    """Chips for the cards whose header cannot be read at this scroll offset."""
    seen = viewport.translated(0, offset)
    far = [card.node for card in cards if card.node and not _header_is_seen(card, seen, sizes)]
    if not far:
        return []
    gap = max(4, sizes.line // 3)
    height = sizes.line + 2 * gap
    room = viewport.width() - 2 * gap
    per_row = max(1, room // (_CHIP_LETTERS * sizes.letter + gap))
    per_row = min(per_row, len(far))
    width = room // per_row - gap
    rows = -(-len(far) // per_row)
    top = viewport.height() - rows * (height + gap) - gap
    return [
        Chip(
            node,
            QRect(
                gap + (at % per_row) * (width + gap),
                top + (at // per_row) * (height + gap) + gap // 2,
                width,
                height,
            ),
        )
        for at, node in enumerate(far)
    ]


def chip_at(chips: Sequence[Chip], point: QPoint) -> str | None:
    """The node of the chip under a viewport point."""
    return next((chip.node for chip in chips if chip.area.contains(point)), None)


def ground(chips: Sequence[Chip], viewport: QRect) -> QRect:
    """The strip that the chips lie on."""
    top = min(chip.area.top() for chip in chips)
    return QRect(0, top - 6, viewport.width(), viewport.height() - top + 6)


def draw_chips(
    painter: QPainter,
    chips: Sequence[Chip],
    verdicts: dict[str, NodeVerdict],
    hovered: str | None,
    viewport: QRect,
) -> None:
    """The chips on a ground of their own; ``painter`` in viewport coordinates."""
    if not chips:
        return
    colors = theme.current()
    strip = ground(chips, viewport)
    painter.fillRect(strip, colors.color("window"))
    painter.setPen(colors.color("line"))
    painter.drawLine(strip.topLeft(), strip.topRight())
    for chip in chips:
        verdict = verdicts.get(chip.node)
        if verdict is not None:
            _draw_chip(painter, chip, verdict, chip.node == hovered)


def _draw_chip(painter: QPainter, chip: Chip, verdict: NodeVerdict, is_hovered: bool) -> None:
    colors = theme.current()
    token = colors.color(theme.VERDICT_TOKEN[verdict.verdict])
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(token, 2.6 if is_hovered else 1.2))
    painter.setBrush(mixed(token, colors.color("surface"), 0.2 if is_hovered else 0.07))
    painter.drawRoundedRect(QRectF(chip.area).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
    side = round(painter.fontMetrics().height() * 0.85)
    inner = chip.area.adjusted(side // 2, 0, -side // 2, 0)
    mark = QRect(inner.left(), inner.center().y() - side // 2 + 1, side, side)
    theme.paint_verdict(painter, mark, verdict.verdict)
    word = str(verdict.verdict)
    painter.setPen(token)
    painter.drawText(inner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, word)
    font = QFont(painter.font())
    font.setBold(True)
    taken = painter.fontMetrics().horizontalAdvance(word) + side
    painter.setFont(font)
    painter.setPen(colors.color("text"))
    name = inner.adjusted(side + side // 2, 0, -taken, 0)
    shown = painter.fontMetrics().elidedText(
        one_line(chip.node), Qt.TextElideMode.ElideRight, name.width()
    )
    painter.drawText(name, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
    painter.restore()


def _header_is_seen(card: Card, seen: QRect, sizes: Measures) -> bool:
    header = QRect(card.area.left(), card.area.top(), card.area.width(), sizes.header_height)
    return seen.top() <= header.top() and header.bottom() <= seen.bottom()
