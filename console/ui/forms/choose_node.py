"""Choose node and method for a move, by keyboard: every node with its verdict in words."""

import time
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QKeyEvent,
)
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QListWidgetItem,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from console.checks.moves import judge_moves
from console.model.finding import NodeVerdict, Verdict
from console.model.request import MoveMethod
from console.ui import theme
from console.ui.forms.two_line_items import TwoLineList
from console.ui.models.move_words import (
    checked_text,
    outlook_text,
    spoken_verdict,
)
from console.ui.moving import LiveChecks
from console.ui.plain_text import one_line, plain
from console.ui.store import Store
from console.ui.views.findings_list import FindingsList
from console.ui.window_size import open_at

_NODE_ROLE = int(Qt.ItemDataRole.UserRole) + 20
_REFUSING = (Verdict.CANNOT, Verdict.UNKNOWN)
_METHODS = (
    (MoveMethod.LIVE, "&Live: keeps running", "live"),
    (MoveMethod.QUICK, "&Quick: stands still while it moves", "quick"),
)


class _Nodes(TwoLineList):
    """The list of nodes; Space unfolds every finding of the one that has the keyboard."""

    keeps_enter = True

    def __init__(self, on_space: Callable[[], None], parent: QWidget) -> None:
        super().__init__(parent)
        self._on_space = on_space

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self._on_space()
        else:
            super().keyPressEvent(event)


class ChooseNode(QDialog):
    """Signal: ``chosen(keys, node, MoveMethod)``. Says the same as the map while the mouse hovers;
    with ``live`` the cluster itself is asked too, as there.
    """

    chosen = Signal(tuple, str, object)

    def __init__(
        self,
        store: Store,
        keys: tuple[str, ...],
        parent: QWidget | None = None,
        live: LiveChecks | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("choose_node")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._store, self._keys, self._live = store, keys, live
        self._verdicts: dict[str, NodeVerdict] = {}
        self._live_at: float | None = None
        self._is_asking, self._is_whole, self._token = False, False, ""
        self._said = ""
        vms = store.inventory.vms
        is_one = len(keys) == 1 and keys[0] in vms
        self._what = one_line(vms[keys[0]].name) if is_one else f"{len(keys)} VMs"
        self.setWindowTitle(f"Move {self._what}")
        self._build()
        self._list.currentItemChanged.connect(lambda *_: self._tell())
        self._list.itemActivated.connect(lambda *_: self._choose())
        self._fill()
        store.nodes_changed.connect(self._fill)
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self._tell_age)
        self._clock.start()
        if live is not None:
            self._is_asking = True
            self._token = live.check_moves(keys, (), self._on_checked)
            self._tell_age()
        self.finished.connect(lambda _: self._forget())

    @property
    def method(self) -> MoveMethod:
        return next(
            (m for m, button in self._methods.items() if button.isChecked()), MoveMethod.LIVE
        )

    # -- building ------------------------------------------------------------------------------
    def _build(self) -> None:
        self._list = _Nodes(self._fold, self)
        self._list.setObjectName("nodes")
        self._list.setAccessibleName("Nodes")
        self._why = FindingsList(self)
        self._why.setObjectName("why")
        self._age = QLabel(self)
        self._age.setObjectName("checked")
        self._age.setTextFormat(Qt.TextFormat.PlainText)
        self._age.setForegroundRole(theme.MUTED_ROLE)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._move = self._buttons.addButton("&Move", QDialogButtonBox.ButtonRole.AcceptRole)
        self._move.setObjectName("move")
        self._move.setDefault(True)
        self._buttons.accepted.connect(self._choose)
        self._buttons.rejected.connect(self.reject)
        to = QLabel(f"Move {self._what} &to:", self)
        to.setBuddy(self._list)
        layout = QVBoxLayout(self)
        layout.addLayout(self._make_methods())
        layout.addWidget(to)
        layout.addWidget(self._list, 3)
        layout.addWidget(self._why, 2)
        layout.addWidget(self._age)
        layout.addWidget(self._buttons)
        open_at(self, 72 * self.fontMetrics().averageCharWidth(), 30 * self.fontMetrics().height())
        self._list.setFocus()

    def _make_methods(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._methods: dict[MoveMethod, QRadioButton] = {}
        for method, text, name in _METHODS:
            button = QRadioButton(text, self)
            button.setObjectName(f"method_{name}")
            button.setChecked(method is MoveMethod.LIVE)
            row.addWidget(button)
            self._methods[method] = button
        row.addStretch(1)
        self._methods[MoveMethod.QUICK].toggled.connect(lambda _: self._fill())
        return row

    # -- what the nodes say --------------------------------------------------------------------
    def _fill(self) -> None:
        current, method = self._current(), self.method
        is_live_newer = self._live_at is not None and self._live_at > (self._read_at() or 0.0)
        if method is not MoveMethod.LIVE or not is_live_newer:
            judged = judge_moves(
                self._store.inventory,
                self._keys,
                self._store.running(),
                time.time(),
                method=method,
                history=self._store.earlier_moves(self._keys),
            )
            self._verdicts = {verdict.node: verdict for verdict in judged}
            self._live_at = None
        self._list.blockSignals(True)
        self._list.clear()
        best = None
        for verdict in self._verdicts.values():
            item = self._add(verdict)
            is_better = verdict.verdict not in _REFUSING and best is None
            if verdict.node == current or (current is None and is_better):
                best = item
        self._list.setCurrentItem(best or self._list.item(0))
        self._list.blockSignals(False)
        self._tell()

    def _add(self, verdict: NodeVerdict) -> QListWidgetItem:
        spoken = plain(spoken_verdict(self._what, verdict, method=self.method))
        title = f"{one_line(verdict.node)}: {verdict.verdict}"
        item = self._list.add(title, outlook_text(verdict, self.method), spoken)
        self._list.set_state(item, *theme.verdict_look(verdict.verdict))
        item.setData(_NODE_ROLE, verdict.node)
        return item

    def _on_checked(self, verdicts: tuple[NodeVerdict, ...], at: float) -> None:
        """The cluster's own word; of a quick move it judges what it would of a live one."""
        self._is_asking, self._token = False, ""
        if self.method is MoveMethod.LIVE:
            self._verdicts |= {verdict.node: verdict for verdict in verdicts}
            self._live_at = at
            self._fill()
        self._tell_age()

    def _read_at(self) -> float | None:
        return self._store.inventory.cluster_wire.read_at

    def _current(self) -> str | None:
        item = self._list.currentItem()
        return item.data(_NODE_ROLE) if item is not None else None

    def _fold(self) -> None:
        self._is_whole = not self._is_whole
        self._tell()

    def _tell(self) -> None:
        verdict = self._verdicts.get(self._current() or "")
        found = verdict.findings if verdict is not None else ()
        self._why.show_findings((("", finding) for finding in found), is_whole=self._is_whole)
        self._move.setEnabled(verdict is not None and verdict.verdict not in _REFUSING)
        self._move.setToolTip("" if self._move.isEnabled() else "This node does not take it")
        self._tell_age()
        if verdict is not None:
            self._say(spoken_verdict(self._what, verdict, self._checked(), method=self.method))

    def _say(self, words: str) -> None:
        """The verdict to a screen reader: as the list's description, and announced once."""
        self._list.setAccessibleDescription(plain(words))
        # The age changes every second; who listens wants to hear what changed.
        told = words.split(" From the last")[0].split(" Checked")[0]
        if told != self._said:
            self._said = told
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._list, plain(words)))

    def _checked(self) -> str:
        is_asking = self._is_asking and self.method is MoveMethod.LIVE
        return checked_text(self._live_at, self._read_at(), time.time(), is_asking=is_asking)

    def _tell_age(self) -> None:
        text = self._checked()
        fold = "only what to do" if self._is_whole else "what each was seen from"
        self._age.setText(f"{text[:1].upper()}{text[1:]}.  Space: {fold}")

    def _choose(self) -> None:
        node = self._current()
        if node is not None and self._move.isEnabled():
            self.chosen.emit(self._keys, node, self.method)
            self.accept()

    def _forget(self) -> None:
        if self._token and self._live is not None:
            self._live.forget_check(self._token)
        self._token = ""
