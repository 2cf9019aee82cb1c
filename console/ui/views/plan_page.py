"""One plan that is read and changed: its steps, what each node holds, who stays behind.

Every change makes another plan, which is judged at once; the cluster's own changes are judged a
moment later. Nothing here moves anything.
"""

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QKeySequence,
    QPalette,
    QShortcut,
)
from PySide6.QtWidgets import QAbstractItemView, QLabel, QVBoxLayout, QWidget

from console.checks.situation import Situation
from console.model.earlier_moves import NO_HISTORY, History
from console.model.finding import Severity, Verdict, verdict_of
from console.model.outlook import Outlook, StaysBehind
from console.model.plan import Method, Plan, PlanKind, PlannedMove
from console.planning import editing
from console.planning.judge import alternatives, judge
from console.planning.method import OFF, methods_for
from console.ui import theme
from console.ui.ask import Ask
from console.ui.models import plan_rows
from console.ui.models import plan_words as words
from console.ui.plain_text import one_line, plain
from console.ui.store import Store
from console.ui.views.plan_memory_panel import PlanMemoryPanel
from console.ui.views.plan_stays import PlanStays
from console.ui.views.plan_table import PlanTable

_FOLLOWS_MS = 1000
_CONSENT = {
    Method.QUICK: (
        "Move it paused?",
        "will be saved to disk, moved and resumed. It stands still meanwhile, the longer the more "
        "memory it has.",
        "They agreed, move it paused",
    ),
    Method.SHUT_DOWN: (
        "Shut it down?",
        "will be shut down before it is moved, and stays off until somebody starts it.",
        "They agreed, shut it down",
    ),
}


class PlanPage(QWidget):
    """Signal: ``changed()`` when the plan or its judgement is another one."""

    changed = Signal()

    def __init__(self, store: Store, ask: Ask, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._ask = store, ask
        self.plan = Plan(PlanKind.ARRANGED, "", 0.0)
        self.outlook = Outlook(self.plan, 0.0)
        self._after: Plan | None = None
        self._history: History = NO_HISTORY
        self._history_of: set[str] = set()
        self._earlier: list[Plan] = []
        self.is_frozen = False
        self._headline, self._trouble, self._reserve, self._notes, self._next, self._step = (
            self._label(name)
            for name in ("headline", "trouble", "reserve", "notes", "next", "step")
        )
        font = self._headline.font()
        font.setBold(True)
        self._headline.setFont(font)
        self._trouble.setFont(font)
        self._trouble.setForegroundRole(QPalette.ColorRole.BrightText)  # the theme's critical
        self._next.setForegroundRole(theme.MUTED_ROLE)
        self.table = PlanTable(self._targets, self._methods, self)
        self.memory = PlanMemoryPanel(self)
        self.stays = PlanStays(self)
        self._place()
        self._connect()

    # -- what is shown -------------------------------------------------------------------------
    def show_plan(self, plan: Plan, after: Plan | None = None) -> None:
        """Begin with this plan; earlier changes are forgotten. ``after``: a plan that is thought
        done before.
        """
        self._earlier.clear()
        self.is_frozen = False
        self._take(plan, after)

    def follow(self, plan: Plan, after: Plan | None = None) -> None:
        """Show another plan that follows from something else."""
        self._take(plan, after)

    def show_frozen(self, outlook: Outlook) -> None:
        """A judgement of a former moment: what was run is not judged again."""
        self.plan, self.is_frozen = outlook.plan, True
        self._show(outlook)

    def judge_again(self) -> None:
        """On what is known now."""
        if self.is_frozen or self.table.state() is QAbstractItemView.State.DraggingState:
            return
        now = time.time()
        situation = Situation(self._store.inventory, now, self._store.running())
        self._show(judge(self.plan, situation, self._after, self._history))

    def set_editable(self, is_editable: bool) -> None:
        self.table.set_editable(is_editable)
        self.stays.set_editable(is_editable)

    @property
    def is_editable(self) -> bool:
        return self.table.rows.is_editable and not self.is_frozen

    @property
    def has_changes(self) -> bool:
        """Whether a person changed something that could be taken back."""
        return bool(self._earlier)

    # -- changes -------------------------------------------------------------------------------
    def change(self, plan: Plan, rows: Sequence[int] = ()) -> None:
        """Take a changed plan, judge it, and select what was changed."""
        if not self.is_editable or plan == self.plan:
            return
        self._earlier.append(self.plan)
        self._take(plan, self._after)
        self.table.choose(rows)

    def undo(self) -> None:
        """Take the last change back."""
        if self._earlier and self.is_editable:
            self._take(self._earlier.pop(), self._after)

    def leave_out_broken(self) -> None:
        """Leave out every step that cannot be done as it is."""
        self.change(editing.without(self.plan, [number - 1 for number in self.outlook.broken]))

    def fit_to_now(self) -> None:
        """The same plan from where the VMs are now."""
        self.is_frozen = False
        self.set_editable(True)
        plan = editing.fitted(self.plan, self._store.inventory, time.time())
        if plan != self.plan:
            self._earlier.append(self.plan)
        self._take(plan, self._after)

    def _take(self, plan: Plan, after: Plan | None) -> None:
        self.plan, self._after = plan, after
        keys = {move.vm_key for move in plan.moves}
        if not keys <= self._history_of:
            # Not at every change: there may be many thousand operations to look through.
            self._history, self._history_of = self._store.earlier_moves(keys), keys
        self.judge_again()

    def _reorder(self, rows: tuple[int, ...], before: int) -> None:
        moved = editing.reordered(self.plan, rows, before)
        chosen = {self.plan.moves[row] for row in rows}
        self.change(moved, [at for at, move in enumerate(moved.moves) if move in chosen])

    def _leave_out(self, rows: tuple[int, ...]) -> None:
        plan = editing.without(self.plan, rows)
        self.change(plan, [min(rows[0], len(plan.moves) - 1)])

    def _take_along(self, vm: StaysBehind, method: Method) -> None:
        home, reason = self.plan.node, "Taken along by hand."
        move = PlannedMove(vm.vm_key, vm.vm_name, home, vm.target, method, reason)
        plan = editing.with_move(self.plan, move)
        self._with_consent([move], method, lambda: self.change(plan, [len(plan.moves) - 1]))

    def _set_method(self, rows: tuple[int, ...], method: Method) -> None:
        moves = [self.plan.moves[row] for row in rows]
        plan = editing.with_method(self.plan, rows, method)
        self._with_consent(moves, method, lambda: self.change(plan, rows))

    def _with_consent(
        self, moves: Sequence[PlannedMove], method: Method, act: Callable[[], None]
    ) -> None:
        """What interrupts people's work in a VM goes into a plan only if somebody says so."""
        vms = self._store.inventory.vms
        running = [m for m in moves if m.vm_key in vms and vms[m.vm_key].power not in OFF]
        if method is Method.LIVE or not running:
            act()
            return
        names = ", ".join(one_line(move.vm_name) for move in running[:8])
        more = f" and {len(running) - 8} more" if len(running) > 8 else ""
        title, how, word = _CONSENT[method]
        text = f"{names}{more} {how}\n\nHave the people who work with it agreed?"
        self._ask.confirm(title, text, word, act)

    # -- choices for the menu ------------------------------------------------------------------
    def _targets(self, rows: Sequence[int]) -> list[tuple[str, str]]:
        """Every node with what would become of the first of these steps there."""
        now = time.time()
        situation = Situation(self._store.inventory, now, self._store.running())
        found = []
        for node, findings in alternatives(self.plan, rows[0], situation, self._after):
            verdict = verdict_of(findings)
            word = "Fits" if verdict is Verdict.WAITS else verdict.value
            against = [f for f in findings if f.severity in (Severity.BLOCKS, Severity.UNKNOWN)]
            why = f": {one_line(against[0].text)}" if against else ""
            found.append((node, f"{node} – {word}{why}".replace("&", "&&")))
        return found

    def _methods(self, rows: Sequence[int]) -> list[tuple[Method, str]]:
        vms = self._store.inventory.vms
        known = [vms[self.plan.moves[r].vm_key] for r in rows if self.plan.moves[r].vm_key in vms]
        offered = [set(methods_for(vm)) for vm in known]
        both = set.intersection(*offered) if offered else set()
        return [(method, words.METHOD_WORDS[method]) for method in Method if method in both]

    # -- inside --------------------------------------------------------------------------------
    def _show(self, outlook: Outlook) -> None:
        before, self.outlook = self.outlook, outlook
        self._announce(words.trouble_text(before), words.trouble_text(outlook))
        row, chosen = self.table.currentIndex().row(), self.table.chosen
        at = self.table.verticalScrollBar().value()
        self.table.rows.show(outlook)
        kind = outlook.plan.kind
        self.table.setColumnHidden(plan_rows.SOURCE, kind is PlanKind.DRAIN)
        self.table.setColumnHidden(plan_rows.TARGET, kind is PlanKind.RETURN)
        if outlook.steps and not before.steps:
            self.table.fit_columns()
        if len(before.steps) == len(outlook.steps):
            self.table.choose(chosen)
        self.table.verticalScrollBar().setValue(at)
        self.stays.show_stays(outlook.stays)
        self._show_step(row)
        for label, text in (
            (self._headline, words.headline(outlook)),
            (self._trouble, words.trouble_text(outlook)),
            (
                self._reserve,
                f"{words.spread_text(outlook)} {words.reserve_text(outlook)}".strip(),
            ),
            (self._notes, _notes(outlook)),
            (self._next, "" if outlook.refusal else words.what_next(outlook)),
        ):
            label.setText(plain(text))
            label.setVisible(bool(text))
        has_rows = bool(outlook.steps)
        self.table.setVisible(has_rows or not outlook.stays)
        self.memory.setVisible(has_rows)
        self.changed.emit()

    def _announce(self, before: str, now: str) -> None:
        """What a change broke, or that nothing is broken any more, to a screen reader."""
        if now != before and self.isVisible():
            said = QAccessibleAnnouncementEvent(self.table, plain(now or "Every step can be done."))
            QAccessible.updateAccessibility(said)

    def _show_step(self, row: int) -> None:
        """The step at this row in full: its cell may be too narrow."""
        steps = self.outlook.steps
        step = steps[row] if 0 <= row < len(steps) else None
        told = ""
        if step is not None:
            known = words.know_text(step, words.notes_of_all(self.outlook))
            told = (
                f"Step {row + 1}, {one_line(step.move.vm_name)}: {known} {words.pause_text(step)}"
            )
        self._step.setText(plain(told))
        self._step.setVisible(bool(told))
        self.memory.show_step(self.outlook, row)

    def _label(self, name: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(f"plan_{name}")
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        return label

    def _place(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for label in (self._headline, self._trouble, self._reserve, self._notes):
            layout.addWidget(label)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._step)
        layout.addWidget(self.memory)
        layout.addWidget(self.stays)
        layout.addWidget(self._next)

    def _connect(self) -> None:
        table = self.table
        table.reorder_wanted.connect(self._reorder)
        table.leave_out_wanted.connect(self._leave_out)
        table.target_wanted.connect(
            lambda rows, node: self.change(editing.with_target(self.plan, rows, node), rows)
        )
        table.method_wanted.connect(self._set_method)
        table.row_shown.connect(self._show_step)
        self.stays.taken_along.connect(self._take_along)
        undo = QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self)
        undo.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        undo.activated.connect(self.undo)
        self._follow = QTimer(self, singleShot=True, interval=_FOLLOWS_MS)
        self._follow.timeout.connect(self._follow_cluster)
        store = self._store
        for signal in (store.nodes_changed, store.vms_changed, store.snapshot_replaced):
            signal.connect(self._begin_to_follow)
        store.readings_changed.connect(self._begin_to_follow)

    def _follow_cluster(self) -> None:
        if self.isVisible():  # one that nobody sees is judged when it comes into sight
            self.judge_again()

    def _begin_to_follow(self, *_what: object) -> None:
        # Not started again: a cluster that changes all the time is still judged every second.
        if not self._follow.isActive():
            self._follow.start()


def _notes(outlook: Outlook) -> str:
    notes = words.notes_of_all(outlook)
    return f"For every live move: {' '.join(notes)}" if notes else ""
