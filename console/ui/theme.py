"""Colours and shapes by meaning, in a light, a dark and a high-contrast theme of our own.

Every state has a colour and a shape, and is always told by a word as well: nobody has to tell red
from green. The desktop's colour scheme is a hint only (decision 10 of the design).
"""

import functools

import msgspec
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QGuiApplication,
    QIcon,
    QPainter,
    QPalette,
    QPen,
    QPixmap,
    QPolygonF,
)
from PySide6.QtWidgets import QApplication

from console.health import HealthLevel
from console.model.finding import Verdict
from console.model.operation import OperationState
from console.ui import fusion

MUTED_ROLE = QPalette.ColorRole.PlaceholderText


class Theme(msgspec.Struct, frozen=True):
    """Colours as ``#rrggbb``, named by what they mean."""

    name: str
    window: str
    surface: str
    raised: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    healthy: str
    attention: str
    critical: str
    unknown: str
    off: str
    tile: str

    def color(self, name: str) -> QColor:
        """A token as a colour; AttributeError if there is none of that name."""
        return QColor(getattr(self, name))


LIGHT = Theme(
    name="light",
    window="#f3f4f6",
    surface="#ffffff",
    raised="#fafbfc",
    line="#d9dde3",
    text="#1b1f24",
    muted="#5b6470",
    accent="#0b63ce",
    on_accent="#ffffff",
    healthy="#1a7f5a",
    attention="#a85b00",
    critical="#c3282d",
    unknown="#6a5a9c",
    off="#7d8590",
    tile="#eef1f5",
)
DARK = Theme(
    name="dark",
    window="#15181d",
    surface="#1d2127",
    raised="#242932",
    line="#353c47",
    text="#e8ebf0",
    muted="#a3acb9",
    accent="#4f9cf9",
    on_accent="#0a1220",
    healthy="#4cc38a",
    attention="#f2a73b",
    critical="#ff7070",
    unknown="#b5a4ec",
    off="#8b94a1",
    tile="#2b313b",
)
CONTRAST = Theme(
    name="contrast",
    window="#000000",
    surface="#000000",
    raised="#000000",
    line="#ffffff",
    text="#ffffff",
    muted="#ffffff",
    accent="#ffff00",
    on_accent="#000000",
    healthy="#3df2a0",
    attention="#ffd400",
    critical="#ff8a8a",
    unknown="#d7c8ff",
    off="#cfd6df",
    tile="#101010",
)
THEMES = {theme.name: theme for theme in (LIGHT, DARK, CONTRAST)}

HEALTH_TOKEN = {
    HealthLevel.HEALTHY: "healthy",
    HealthLevel.OFF: "off",
    HealthLevel.ATTENTION: "attention",
    HealthLevel.UNKNOWN: "unknown",
    HealthLevel.CRITICAL: "critical",
}
VERDICT_TOKEN = {
    Verdict.FITS: "healthy",
    Verdict.FITS_WITH_NOTES: "accent",
    Verdict.WAITS: "attention",
    Verdict.UNKNOWN: "unknown",
    Verdict.CANNOT: "critical",
}

_STATE_LOOKS = {
    OperationState.QUEUED: ("off", "clock"),
    OperationState.CHECKING: ("accent", "dot"),
    OperationState.RUNNING: ("accent", "arrow"),
    OperationState.VERIFYING: ("accent", "dot"),
    OperationState.SUCCEEDED: ("healthy", "check"),
    OperationState.FAILED: ("critical", "cross"),
    OperationState.BLOCKED: ("attention", "cross"),
    OperationState.CANCELED: ("off", "bar"),
    OperationState.UNKNOWN: ("unknown", "question"),
}
_HEALTH_SHAPE = {
    HealthLevel.HEALTHY: "disc",
    HealthLevel.OFF: "ring",
    HealthLevel.ATTENTION: "triangle",
    HealthLevel.UNKNOWN: "question",
    HealthLevel.CRITICAL: "diamond",
}
_VERDICT_SHAPE = {
    Verdict.FITS: "check",
    Verdict.FITS_WITH_NOTES: "note",
    Verdict.WAITS: "clock",
    Verdict.UNKNOWN: "question",
    Verdict.CANNOT: "cross",
}
_current = LIGHT


def current() -> Theme:
    """The theme in use."""
    return _current


def apply(name: str) -> Theme:
    """Put a theme on the application: ``light``, ``dark``, ``contrast`` or ``system``."""
    global _current
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    if name == "system":
        is_dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        name = "dark" if is_dark else "light"
    _current = THEMES.get(name, LIGHT)
    fusion.wear(application)
    application.setPalette(_palette(_current))
    application.setStyleSheet(_style_sheet(_current))
    return _current


def _palette(theme: Theme) -> QPalette:
    roles = QPalette.ColorRole
    palette = QPalette()
    for role, token in (
        (roles.Window, "window"),
        (roles.WindowText, "text"),
        (roles.Base, "surface"),
        (roles.AlternateBase, "tile"),
        (roles.Text, "text"),
        (roles.Button, "raised"),
        (roles.ButtonText, "text"),
        (roles.BrightText, "critical"),
        (roles.Highlight, "accent"),
        (roles.HighlightedText, "on_accent"),
        (roles.ToolTipBase, "surface"),
        (roles.ToolTipText, "text"),
        (roles.PlaceholderText, "muted"),
        (roles.Link, "accent"),
        (roles.Light, "raised"),
        (roles.Midlight, "line"),
        (roles.Mid, "line"),
        (roles.Dark, "line"),
        (roles.Shadow, "line"),
        (roles.Accent, "accent"),
    ):
        palette.setColor(role, theme.color(token))
    for role in (roles.Text, roles.WindowText, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, theme.color("off"))
    return palette


def _style_sheet(theme: Theme) -> str:
    """Only what a palette cannot say; sizes follow the font."""
    return f"""
    QToolTip {{ color: {theme.text}; background: {theme.surface}; border: 1px solid {theme.line};
        padding: 4px; }}
    QMainWindow::separator {{ background: {theme.line}; width: 1px; height: 1px; }}
    QStatusBar {{ border-top: 1px solid {theme.line}; }}
    QStatusBar::item {{ border: none; }}
    QHeaderView::section {{ background: {theme.window}; color: {theme.muted}; border: none;
        border-bottom: 1px solid {theme.line}; padding: 5px 8px; }}
    QTableView {{ border: none; selection-background-color: {theme.accent};
        selection-color: {theme.on_accent}; }}
    #plan_moves::item, #kept_plans_list::item, #posture_list::item {{ padding: 4px 5px; }}
    QTabWidget::pane {{ border: none; border-top: 1px solid {theme.line}; }}
    QTabBar {{ qproperty-drawBase: 0; }}
    QTabBar::tab {{ padding: 0.55em 0.75em; border: none; border-bottom: 2px solid transparent;
        color: {theme.muted}; background: transparent; }}
    #inspector_tabs QTabBar::tab {{ padding: 0.55em 0.36em; margin-right: 0.1em; }}
    QTabBar::tab:hover {{ color: {theme.text}; }}
    QTabBar::tab:selected {{ color: {theme.text}; border-bottom-color: {theme.accent}; }}
    QTabBar::tab:selected:focus {{ color: {theme.accent}; }}
    QPushButton, QToolButton {{ padding: 0.35em 0.95em; border: 1px solid {theme.line};
        border-radius: 5px; background: {theme.raised}; color: {theme.text}; }}
    QPushButton:hover, QToolButton:hover {{ border-color: {theme.accent}; }}
    QPushButton:focus, QToolButton:focus {{ border-color: {theme.accent}; }}
    QPushButton:pressed, QToolButton:pressed {{ background: {theme.tile}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {theme.off}; background: {theme.window}; }}
    QToolButton:checked {{ background: {theme.tile}; border-color: {theme.accent}; }}
    QToolButton[chip="true"] {{ padding: 0.2em 0.6em; }}
    QPushButton:default, #create_vm_button {{ background: {theme.accent};
        border-color: {theme.accent}; color: {theme.on_accent}; }}
    QPushButton:default:disabled {{ background: {theme.tile}; border-color: {theme.line};
        color: {theme.off}; }}
    QPushButton:default:focus, #create_vm_button:focus {{ border: 2px solid {theme.text}; }}
    #create_vm_button {{ margin: 0.25em 0.6em; }}
    QTabBar QToolButton {{ padding: 0; }}
    QDockWidget {{ color: {theme.muted}; }}
    QDockWidget::title {{ background: {theme.window}; padding: 0.45em 0.8em; }}
    QScrollBar:vertical {{ background: transparent; width: 0.9em; margin: 0; }}
    QScrollBar:horizontal {{ background: transparent; height: 0.9em; margin: 0; }}
    QScrollBar::handle {{ background: {theme.line}; border-radius: 0.3em; margin: 0.15em; }}
    QScrollBar::handle:hover {{ background: {theme.off}; }}
    QScrollBar::handle:vertical {{ min-height: 2.5em; }}
    QScrollBar::handle:horizontal {{ min-width: 2.5em; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    """


# -- shapes ------------------------------------------------------------------------------------
def shape_of(level: HealthLevel) -> str:
    """The shape of a level, for ``paint_shape``."""
    return _HEALTH_SHAPE[level]


def paint_health(painter: QPainter, area: QRect, level: HealthLevel) -> None:
    """Disc, ring, triangle, question mark or diamond, in the level's colour."""
    paint_shape(painter, area, _HEALTH_SHAPE[level], _current.color(HEALTH_TOKEN[level]))


def verdict_look(verdict: Verdict) -> tuple[str, str]:
    """The shape and the colour's token that stand for a verdict."""
    return _VERDICT_SHAPE[verdict], VERDICT_TOKEN[verdict]


def paint_verdict(painter: QPainter, area: QRect, verdict: Verdict) -> None:
    """Check, note, clock, question mark or cross, in the verdict's colour."""
    paint_shape(painter, area, _VERDICT_SHAPE[verdict], _current.color(VERDICT_TOKEN[verdict]))


def paint_operation_state(
    painter: QPainter, area: QRect, state: OperationState, ink: QColor | None = None
) -> None:
    """The state's shape in its colour, or in ``ink`` on a selected row."""
    token, shape = _STATE_LOOKS[state]
    paint_shape(painter, area, shape, ink or _current.color(token))


def state_icon(state: OperationState) -> QIcon:
    """The state's shape for a list."""
    token, shape = _STATE_LOOKS[state]
    return shape_icon(shape, token)


def health_icon(level: HealthLevel) -> QIcon:
    """The level's shape in its colour, for rows of trees and tables."""
    return shape_icon(_HEALTH_SHAPE[level], HEALTH_TOKEN[level])


def verdict_icon(verdict: Verdict) -> QIcon:
    """The verdict's shape for a list."""
    return shape_icon(_VERDICT_SHAPE[verdict], VERDICT_TOKEN[verdict])


def shape_icon(shape: str, token: str) -> QIcon:
    """A shape for a list, as tall as its letters; on a selected row in the colour of its words."""
    return _shape_icon(shape, token, _current, _pixel_ratio())


def _pixel_ratio() -> float:
    application = QGuiApplication.instance()
    assert isinstance(application, QGuiApplication)
    return application.devicePixelRatio()


@functools.lru_cache(maxsize=64)
def _shape_icon(shape: str, token: str, theme: Theme, ratio: float) -> QIcon:
    icon = QIcon()
    side = QFontMetrics(QGuiApplication.font()).ascent()
    for mode, ink in ((QIcon.Mode.Normal, token), (QIcon.Mode.Selected, "on_accent")):
        pixmap = QPixmap(round(side * ratio), round(side * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        paint_shape(painter, QRect(0, 0, side, side), shape, theme.color(ink))
        painter.end()
        icon.addPixmap(pixmap, mode)
    return icon


def paint_shape(painter: QPainter, area: QRect, shape: str, color: QColor) -> None:
    """One of the shapes inside a square area, crisp at any scale."""
    side = min(area.width(), area.height())
    box = QRectF(area.center().x() - side / 2 + 0.5, area.center().y() - side / 2 + 0.5, side, side)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if shape in ("disc", "triangle", "diamond"):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        _solid(painter, box, shape)
    else:
        pen = QPen(color, max(1.4, side / 8))
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        _outline(painter, box.adjusted(1, 1, -1, -1), shape)
    painter.restore()


def _solid(painter: QPainter, box: QRectF, shape: str) -> None:
    middle = box.center()
    if shape == "disc":
        painter.drawEllipse(box.adjusted(1.5, 1.5, -1.5, -1.5))
    elif shape == "triangle":
        painter.drawPolygon(
            QPolygonF([QPointF(middle.x(), box.top() + 0.5), box.bottomRight(), box.bottomLeft()])
        )
    else:
        painter.drawPolygon(
            QPolygonF(
                [
                    QPointF(middle.x(), box.top()),
                    QPointF(box.right(), middle.y()),
                    QPointF(middle.x(), box.bottom()),
                    QPointF(box.left(), middle.y()),
                ]
            )
        )


def _outline(painter: QPainter, box: QRectF, shape: str) -> None:
    middle, quarter = box.center(), box.width() / 4

    def line(x1: float, y1: float, x2: float, y2: float) -> None:
        painter.drawLine(
            QPointF(middle.x() + x1 * quarter, middle.y() + y1 * quarter),
            QPointF(middle.x() + x2 * quarter, middle.y() + y2 * quarter),
        )

    painter.drawEllipse(box)
    if shape == "check":
        line(-1, 0.1, -0.25, 0.85)
        line(-0.25, 0.85, 1, -0.75)
    elif shape == "cross":
        line(-0.8, -0.8, 0.8, 0.8)
        line(-0.8, 0.8, 0.8, -0.8)
    elif shape == "note":
        line(0, -0.1, 0, 1)
        line(0, -1, 0, -0.95)
    elif shape == "clock":
        line(0, 0, 0, -1.1)
        line(0, 0, 0.8, 0.4)
    elif shape == "question":
        font = painter.font()
        font.setPixelSize(max(6, int(box.height() * 0.72)))
        font.setBold(True)
        painter.setFont(font)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "?")
    elif shape == "arrow":
        line(-0.9, 0, 0.9, 0)
        line(0.2, -0.7, 0.9, 0)
        line(0.2, 0.7, 0.9, 0)
    elif shape == "bar":
        line(-0.8, 0, 0.8, 0)
    elif shape == "dot":
        painter.setBrush(painter.pen().color())
        painter.drawEllipse(middle, quarter * 0.6, quarter * 0.6)
