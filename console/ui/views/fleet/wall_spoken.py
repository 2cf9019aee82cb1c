"""The wall told to screen readers: a list of groups, each a list of VMs, made when asked for.

Rules as in map_spoken: never override ``interface_cast``, keep every interface that Qt borrows.
"""

from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QAccessibleInterface,
    QColor,
    QWindow,
)
from PySide6.QtWidgets import QAccessibleWidget

from console.ui.views.fleet.wall_canvas import WallCanvas

_ROLE = QAccessible.Role
_TEXT = QAccessible.Text
# Of a fleet a reader asks for few; what it asked for first goes first.
_MOST_KEPT = 2_000


class _Part(QAccessibleInterface):
    """What blocks and tiles have in common."""

    def __init__(self, canvas: WallCanvas) -> None:
        super().__init__()
        self.canvas = canvas

    def area(self) -> QRect:
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
        return None

    def childCount(self) -> int:
        return 0

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        return None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return -1

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        return

    def state(self) -> QAccessible.State:
        return QAccessible.State()

    def backgroundColor(self) -> QColor:
        return self.canvas.palette().base().color()

    def foregroundColor(self) -> QColor:
        return self.canvas.palette().text().color()


class SpokenVm(_Part):
    """A tile: name, health, state, cluster and node."""

    def __init__(self, canvas: WallCanvas, slot: int, group: "SpokenGroup") -> None:
        super().__init__(canvas)
        self.slot, self._group = slot, group

    def area(self) -> QRect:
        return self.canvas.tile_rect(self.slot).toRect()

    def parent(self) -> QAccessibleInterface:
        return self._group

    def role(self) -> QAccessible.Role:
        return _ROLE.ListItem

    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        for name in ("focusable", "selectable", "multiSelectable"):
            setattr(state, name, True)
        state.selected = self.slot in self.canvas.selected
        state.focused = self.slot == self.canvas.cursor_slot and self.canvas.hasFocus()
        return state

    def text(self, kind: QAccessible.Text) -> str:
        return self.canvas.spoken_vm(self.slot) if kind is _TEXT.Name else ""


class SpokenGroup(_Part):
    """A block: its title, its counts, what is wrong with its cluster."""

    def __init__(self, canvas: WallCanvas, at: int, wall: "SpokenWall") -> None:
        super().__init__(canvas)
        self.at, self._wall = at, wall

    @property
    def _exists(self) -> bool:
        return self.at < len(self.canvas.parts)

    def area(self) -> QRect:
        return self.canvas.block_rect(self.at) if self._exists else QRect()

    def parent(self) -> QAccessibleInterface:
        return self._wall

    def role(self) -> QAccessible.Role:
        return _ROLE.List

    def text(self, kind: QAccessible.Text) -> str:
        return self.canvas.spoken_group(self.at) if kind is _TEXT.Name and self._exists else ""

    def childCount(self) -> int:
        return len(self.canvas.parts[self.at].slots) if self._exists else 0

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        if not 0 <= index < self.childCount():
            return None
        return self._wall.vm(self.canvas.parts[self.at].slots[index])

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        return self._wall.childAt(x, y)

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        if not isinstance(child, SpokenVm):
            return -1
        return self.canvas.place_of[child.slot]


class SpokenWall(QAccessibleWidget):
    """The wall itself; its children are the groups in their order."""

    def __init__(self, canvas: WallCanvas) -> None:
        super().__init__(canvas, _ROLE.List, canvas.accessibleName())
        self._canvas = canvas
        self._groups: dict[int, SpokenGroup] = {}
        self._vms: dict[int, SpokenVm] = {}

    def childCount(self) -> int:
        return len(self._canvas.parts)

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        return self.group(index) if 0 <= index < self.childCount() else None

    def group(self, at: int) -> SpokenGroup:
        return self._groups.setdefault(at, SpokenGroup(self._canvas, at, self))

    def vm(self, slot: int) -> SpokenVm:
        """Made when first asked for; too many are forgotten in that order."""
        known = self._vms.get(slot)
        if known is None:
            at = self._canvas.part_of[slot]
            known = self._vms[slot] = SpokenVm(self._canvas, slot, self.group(at))
            if len(self._vms) > _MOST_KEPT:
                del self._vms[next(iter(self._vms))]
        return known

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        point = self._canvas.viewport().mapFromGlobal(QRect(x, y, 1, 1).topLeft())
        slot = self._canvas.slot_at(point)
        if slot >= 0:
            return self.vm(slot)
        at = self._canvas.group_at(point)
        return self.group(at) if at >= 0 else None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return child.at if isinstance(child, SpokenGroup) else -1


_spoken: dict[int, SpokenWall] = {}
_is_installed = False


def install() -> None:
    """Have Qt tell walls this way; once a process. Python keeps what Qt only borrows."""
    global _is_installed
    if not _is_installed:
        _is_installed = True
        QAccessible.installFactory(_make)


def tell_focus(canvas: WallCanvas) -> None:
    """The keyboard's cursor is on another tile: a screen reader says which."""
    if not QAccessible.isActive() or canvas.cursor_slot < 0:
        return
    spoken = QAccessible.queryAccessibleInterface(canvas)
    if isinstance(spoken, SpokenWall):
        tile = spoken.vm(canvas.cursor_slot)
        QAccessible.updateAccessibility(QAccessibleEvent(tile, QAccessible.Event.Focus))


def _make(_class: str, thing: QObject | None) -> QAccessibleInterface | None:
    if not isinstance(thing, WallCanvas):
        return None
    number = id(thing)
    if number not in _spoken:
        _spoken[number] = SpokenWall(thing)
        thing.destroyed.connect(lambda _=None: _spoken.pop(number, None))
    return _spoken[number]
