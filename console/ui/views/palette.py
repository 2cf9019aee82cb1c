"""The command palette: every action, VM and node by a few letters of its name.

What cannot be done stays in the list and says why; it is made of the same table as the menus.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeyEvent
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QVBoxLayout, QWidget

from console.ui import theme
from console.ui.actions import Actions, Scope
from console.ui.forms.two_line_items import TwoLineList
from console.ui.main_menus import WindowEntry
from console.ui.models.palette_ranking import best
from console.ui.plain_text import one_line
from console.ui.store import Store
from console.ui.window_size import open_at

if TYPE_CHECKING:
    from console.ui.shell.elsewhere import Elsewhere

_MOST = 40
_ROW = int(Qt.ItemDataRole.UserRole) + 20
_HINT = "Enter does it. Arrows choose. Escape leaves."


@dataclass(frozen=True)
class PaletteItem:
    """One line. ``why_not`` tells why it cannot be done now, empty if it can; ``words`` are
    further ones it is found by.
    """

    title: str
    detail: str
    run: Callable[[], object]
    why_not: Callable[[], str]
    shape: str = "triangle"
    words: str = ""


def _always() -> str:
    return ""


class Palette(QDialog):
    """``selected`` tells what an entry of a scope would act on; ``show_vm`` and ``show_node`` go
    to what was chosen by name; ``elsewhere`` names VMs of the other open connections.
    """

    def __init__(
        self,
        store: Store,
        actions: Actions,
        selected: Callable[[Scope], Sequence[str]],
        entries: Sequence[WindowEntry],
        show_vm: Callable[[str], object],
        show_node: Callable[[str], object],
        elsewhere: "Elsewhere" = tuple,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("palette")
        self.setWindowTitle("Command palette")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._store, self._actions, self._selected = store, actions, selected
        self._entries, self._show_vm, self._show_node = entries, show_vm, show_node
        self._elsewhere = elsewhere
        # Names are folded once: a keystroke only compares.
        self._known = [(item.title.casefold(), item.words.casefold(), item) for item in self._all()]
        self._shown: list[PaletteItem] = []
        self.field = QLineEdit(self)
        self.field.setObjectName("palette_field")
        self.field.setPlaceholderText("An action, a VM or a node")
        self.field.setAccessibleName("Command palette: an action, a VM or a node")
        self.field.textChanged.connect(self._fill)
        self.field.installEventFilter(self)
        self.list = TwoLineList(self)
        self.list.setObjectName("palette_list")
        self.list.setAccessibleName("What it may mean")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.currentRowChanged.connect(lambda _: self._tell())
        self.list.itemClicked.connect(lambda _: self._do())
        self._hint = QLabel(_HINT, self)
        self._hint.setObjectName("palette_hint")
        self._hint.setTextFormat(Qt.TextFormat.PlainText)
        self._hint.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self.field)
        layout.addWidget(self.list, 1)
        layout.addWidget(self._hint)
        metrics = self.fontMetrics()
        open_at(self, 64 * metrics.averageCharWidth(), 28 * metrics.height())
        self._fill()

    # -- what there is -------------------------------------------------------------------------
    def _all(self) -> Iterator[PaletteItem]:
        for entry in self._actions.entries:
            keys = tuple(self._selected(entry.scope))
            yield PaletteItem(
                _words(entry.text),
                "  ·  ".join(filter(None, (self._on_what(entry.scope, keys), entry.shortcut))),
                functools.partial(self._actions.do, entry, keys),
                functools.partial(self._actions.why_not_now, entry, keys),
                words=entry.words,
            )
        yield from self._on_each_node()
        for shown in self._entries:
            detail = "  ·  ".join(filter(None, (_words(shown.menu), shown.shortcut)))
            yield PaletteItem(_words(shown.text), detail, shown.run, _always, words=shown.words)
        inventory = self._store.inventory
        for name in inventory.nodes:
            go = functools.partial(self._show_node, name)
            yield PaletteItem(one_line(name), "Node", go, _always, "circle")
        for vm in inventory.vms.values():
            go = functools.partial(self._show_vm, vm.key)
            where = f"VM on {one_line(vm.owner_node)}" if vm.owner_node else "VM, on no node"
            detail = f"{where}  ·  {vm.power}"
            yield PaletteItem(one_line(vm.name), detail, go, _always, "circle")
        for other in self._elsewhere():
            detail = f"VM of another open connection: {other.connection}"
            yield PaletteItem(other.name, detail, other.go, _always, "circle")

    def _on_each_node(self) -> Iterator[PaletteItem]:
        """Nodes are few, so what is done to one is found with its name, chosen or not."""
        for entry in self._actions.entries:
            if entry.scope is not Scope.NODE:
                continue
            chosen = tuple(self._selected(entry.scope))
            for name in self._store.inventory.nodes:
                if (name,) == chosen:
                    continue  # it has its line already, with the shortcut
                yield PaletteItem(
                    f"{_words(entry.text).rstrip('…')} {one_line(name)}"
                    + ("…" if entry.text.endswith("…") else ""),
                    "Node",
                    functools.partial(self._actions.do, entry, (name,)),
                    functools.partial(self._actions.why_not_now, entry, (name,)),
                )

    def _on_what(self, scope: Scope, keys: Sequence[str]) -> str:
        if scope is Scope.WINDOW or not keys:
            return ""
        if len(keys) > 1:
            return f"{len(keys)} VMs"
        vm = self._store.inventory.vms.get(keys[0])
        return one_line(vm.name if vm is not None else keys[0])

    # -- choosing ------------------------------------------------------------------------------
    def _fill(self) -> None:
        self._shown = best(self.field.text(), self._known, _MOST)
        self.list.blockSignals(True)
        self.list.clear()
        for item in self._shown:
            why = item.why_not()
            row = self.list.add(
                item.title, why or item.detail, f"{item.title}. {why or item.detail}"
            )
            TwoLineList.set_state(row, "cross" if why else item.shape, "muted" if why else "accent")
        self.list.setCurrentRow(0 if self._shown else -1)
        self.list.blockSignals(False)
        self._tell()

    def _current(self) -> PaletteItem | None:
        row = self.list.currentRow()
        return self._shown[row] if 0 <= row < len(self._shown) else None

    def _tell(self) -> None:
        """The keyboard stays in the field: a screen reader is told what Enter would do."""
        item = self._current()
        if item is None:
            self._hint.setText("Nothing has such a name.")
        else:
            self._hint.setText(item.why_not() or _HINT)
        why = item.why_not() if item is not None else ""
        said = f"{item.title}. {why or item.detail}" if item is not None else self._hint.text()
        self.field.setAccessibleDescription(said)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self.field, said))
        token = "critical" if why else "muted"
        self._hint.setStyleSheet(f"color: {getattr(theme.current(), token)};")

    def _do(self) -> None:
        item = self._current()
        if item is None or item.why_not():
            self._tell()
            return
        self.accept()
        item.run()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        step = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: 8,
            Qt.Key.Key_PageUp: -8,
        }.get(Qt.Key(event.key()))
        if step is not None and self._shown:
            row = min(max(0, self.list.currentRow() + step), len(self._shown) - 1)
            self.list.setCurrentRow(row)
            return True
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._do()
            return True
        return super().eventFilter(watched, event)


def _words(text: str) -> str:
    return text.replace("&", "")
