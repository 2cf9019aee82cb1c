"""The map told to screen readers: a list of nodes, in each a list of its VMs, all with names.

Interfaces must not override ``interface_cast`` (a client that walks the children would crash the
process), and Python must hold every one of them for as long as Qt may ask it.
"""

from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import QAccessible, QAccessibleEvent, QAccessibleInterface, QColor, QWindow
from PySide6.QtWidgets import QAccessibleWidget

from console.ui.views.map_canvas import MapCanvas

_ROLE, _TEXT = QAccessible.Role, QAccessible.Text


class _Part(QAccessibleInterface):
    """A node's card or a VM's tile: no widget of its own, so everything is told by hand."""

    def __init__(self, canvas: MapCanvas) -> None:
        super().__init__()
        self.canvas = canvas

    def area(self) -> QRect:
        """In viewport coordinates; empty if it is gone."""
        raise NotImplementedError

    def isValid(self) -> bool:
        return not self.area().isEmpty()

    def object(self) -> QObject | None:  # type: ignore[override]
        return None

    def window(self) -> QWindow | None:  # type: ignore[override]
        return self.canvas.window().windowHandle()

    def rect(self) -> QRect:
        view = self.canvas.viewport()
        return QRect(view.mapToGlobal(self.area().topLeft()), self.area().size())

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        for at in range(self.childCount()):
            child = self.child(at)
            if child is not None and child.rect().contains(x, y):
                return child
        return None

    def childCount(self) -> int:
        return 0

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        return None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return -1

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        return

    def backgroundColor(self) -> QColor:
        return self.canvas.palette().base().color()

    def foregroundColor(self) -> QColor:
        return self.canvas.palette().text().color()


class SpokenTile(_Part):
    """A VM: name, power, health and security, where it is, and where it is moving."""

    def __init__(self, canvas: MapCanvas, key: str, node: "SpokenNode") -> None:
        super().__init__(canvas)
        self.key, self._node = key, node

    def area(self) -> QRect:
        return self.canvas.tile_rect(self.key)

    def parent(self) -> QAccessibleInterface:
        return self._node

    def role(self) -> QAccessible.Role:
        return _ROLE.ListItem

    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        for name in ("focusable", "selectable", "multiSelectable"):
            setattr(state, name, True)
        state.selected = self.key in self.canvas.selected
        state.focused = self.key == self.canvas.cursor_key and self.canvas.hasFocus()
        return state

    def text(self, kind: QAccessible.Text) -> str:
        return self.canvas.spoken_vm(self.key) if kind is _TEXT.Name else ""


class SpokenNode(_Part):
    """A node: state and figures, or while VMs are lifted its verdict and the reasons."""

    def __init__(self, canvas: MapCanvas, node: str, parent: "SpokenMap") -> None:
        super().__init__(canvas)
        self.node, self._map = node, parent
        self._tiles: dict[str, SpokenTile] = {}

    def area(self) -> QRect:
        return self.canvas.card_rect(self.node)

    def parent(self) -> QAccessibleInterface:
        return self._map

    def role(self) -> QAccessible.Role:
        return _ROLE.List

    def state(self) -> QAccessible.State:
        return QAccessible.State()

    def text(self, kind: QAccessible.Text) -> str:
        return self.canvas.spoken_node(self.node) if kind is _TEXT.Name else ""

    @property
    def _keys(self) -> tuple[str, ...]:
        return next((card.keys for card in self.canvas.cards if card.node == self.node), ())

    def childCount(self) -> int:
        return len(self._keys)

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        keys = self._keys
        return self.tile(keys[index]) if 0 <= index < len(keys) else None

    def tile(self, key: str) -> SpokenTile:
        """Made when first asked for, then kept."""
        return self._tiles.setdefault(key, SpokenTile(self.canvas, key, self))

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        keys = self._keys
        key = child.key if isinstance(child, SpokenTile) else ""
        return keys.index(key) if key in keys else -1


class SpokenMap(QAccessibleWidget):
    """The map itself; its children are nodes in the order of the cards."""

    def __init__(self, canvas: MapCanvas) -> None:
        super().__init__(canvas, _ROLE.List, canvas.accessibleName())
        self._canvas = canvas
        self._nodes: dict[str, SpokenNode] = {}

    def childCount(self) -> int:
        return len(self._canvas.cards)

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        cards = self._canvas.cards
        return self.node(cards[index].node) if 0 <= index < len(cards) else None

    def node(self, name: str) -> SpokenNode:
        """Made when first asked for, then kept."""
        return self._nodes.setdefault(name, SpokenNode(self._canvas, name, self))

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        for card in self._canvas.cards:
            node = self.node(card.node)
            if node.rect().contains(x, y):
                return node.childAt(x, y) or node
        return None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        names = [card.node for card in self._canvas.cards]
        name = child.node if isinstance(child, SpokenNode) else ""
        return names.index(name) if name in names else -1


_spoken: dict[int, SpokenMap] = {}
_is_installed = False


def install() -> None:
    """Have Qt tell maps this way; once a process. Python keeps what Qt only borrows."""
    global _is_installed
    if not _is_installed:
        _is_installed = True
        QAccessible.installFactory(_make)


def tell_focus(canvas: MapCanvas) -> None:
    """The keyboard's cursor is on another tile: a screen reader says which."""
    if not QAccessible.isActive():
        return
    spoken = QAccessible.queryAccessibleInterface(canvas)
    if not isinstance(spoken, SpokenMap):
        return
    card = next((card for card in canvas.cards if canvas.cursor_key in card.keys), None)
    if card is not None:
        tile = spoken.node(card.node).tile(canvas.cursor_key)
        QAccessible.updateAccessibility(QAccessibleEvent(tile, QAccessible.Event.Focus))


def _make(_class: str, thing: QObject | None) -> QAccessibleInterface | None:
    if not isinstance(thing, MapCanvas):
        return None
    number = id(thing)
    if number not in _spoken:
        _spoken[number] = SpokenMap(thing)
        thing.destroyed.connect(lambda _=None: _spoken.pop(number, None))
    return _spoken[number]
