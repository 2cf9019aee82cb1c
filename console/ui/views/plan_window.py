"""A plan in a window of its own: read it, change it, hand it on, run it, compare it afterwards.

Opening it changes nothing. It is not modal: the map stays in use beside it.
"""

import time
import uuid
from collections.abc import Callable

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from console.checks.situation import Situation
from console.model.group import current_children, standing
from console.model.plan import PlanKind
from console.model.request import DrainNode, ResumeNode
from console.planning.afterwards import PlanRun, run_by_cluster, run_of
from console.planning.asked import asked_of
from console.planning.drain import plan_drain, plan_return
from console.planning.editing import fitted
from console.planning.plan_file import SavedPlan, encoded
from console.ui.actions import Actions
from console.ui.ask import Ask
from console.ui.bridge import Part
from console.ui.models import plan_document
from console.ui.plain_text import plain
from console.ui.plan_keeping import PlanKeeping
from console.ui.store import Store
from console.ui.views.plan_outcome import PlanOutcome
from console.ui.views.plan_page import PlanPage
from console.ui.window_size import open_at

_BY_CLUSTER = (
    "The cluster moves everything away from {node} by itself and pauses it. What differs: it "
    "chooses order and targets, so the steps, the memory and the times of this plan do not hold; "
    "it moves VMs of low priority paused (quick migration) and hands over what is off; it cannot "
    "be stopped between two moves. Afterwards Azure is kept from placing VMs there, as the plan "
    "does. What happens is shown VM by VM."
)
_BACK_BY_CLUSTER = (
    "The cluster resumes {node} and brings back at once whatever it moved away from there by its "
    "own drain (failback). It knows nothing of VMs that this plan moved: those stay."
)


class PlanWindow(QDialog):
    """One plan with its way back and its runs.

    Signal: ``other_wanted(SavedPlan)`` when a plan was opened from a file.
    """

    other_wanted = Signal(object)

    def __init__(
        self,
        store: Store,
        actions: Actions,
        keeping: PlanKeeping,
        saved: SavedPlan,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("plan_window")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self._store, self._actions, self._keeping, self._saved = store, actions, keeping, saved
        self._ask = Ask(self)
        self.page, self.back = PlanPage(store, self._ask, self), PlanPage(store, self._ask, self)
        self.outcome = PlanOutcome(store, self)
        self._said = QLabel(self)
        self._place()
        self._connect()
        letters, lines = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        open_at(self, 150 * letters, 42 * lines)
        self.show_saved(saved)

    # -- what is shown -------------------------------------------------------------------------
    def show_saved(self, saved: SavedPlan) -> None:
        """Show this plan; where it was run already, how that went comes first."""
        self._saved = saved
        self.setWindowTitle(f"Plan: {plain(saved.plan.title)}")
        self.page.show_plan(saved.plan)
        self._show_back()
        runs = self._all_runs
        self.tabs.setTabVisible(self._at(self.outcome), bool(runs))
        if runs:
            self.outcome.show_run(runs[-1])
            self.tabs.setCurrentWidget(self.outcome)
        self._on_changed()

    @property
    def saved(self) -> SavedPlan:
        """The plan as it is shown now, with its runs."""
        back = self.back.plan if self.back.has_changes else self._saved.back
        return msgspec.structs.replace(
            self._saved, plan=self.page.plan, back=back, saved_at=time.time()
        )

    @property
    def _all_runs(self) -> list[PlanRun]:
        return sorted((*self._saved.runs, *self._saved.back_runs), key=lambda run: run.asked_at)

    @property
    def _is_drain(self) -> bool:
        return self._saved.plan.kind is PlanKind.DRAIN

    @property
    def _page(self) -> PlanPage:
        """What the buttons act on."""
        return self.back if self.tabs.currentWidget() is self.back else self.page

    def _show_back(self) -> None:
        """The way back follows from the plan, or once it ran from where the VMs are."""
        self.tabs.setTabVisible(self._at(self.back), self._is_drain)
        # Judged only in sight: every key in the plan would judge it too.
        is_seen = self.tabs.currentWidget() is self.back
        if not self._is_drain or self.back.has_changes or not is_seen:
            return
        done = [f.move for run in self._saved.runs for f in run.forecasts]
        back = self._saved.back or plan_return(self.page.plan, done)
        if self._saved.runs:
            self.back.follow(fitted(back, self._store.inventory, time.time()))
        else:
            self.back.follow(back, after=self.page.plan)

    def plan_again(self) -> None:
        """Propose anew on what is known now (emptying a node), or fit the plan to where VMs are."""
        if self._page is self.page and self._is_drain:
            now = time.time()
            situation = Situation(self._store.inventory, now, self._store.running())
            self.page.set_editable(True)
            self.page.show_plan(plan_drain(self._saved.plan.node, situation))
        else:
            self._page.fit_to_now()
        self.tabs.setCurrentWidget(self._page)

    # -- acts ----------------------------------------------------------------------------------
    def run(self) -> None:
        """Ask for everything as one group, in the plan's order."""
        page = self._page
        page.judge_again()
        outlook = page.outlook
        if outlook.why_not_run:
            self._say(outlook.why_not_run)
            return
        asked = asked_of(outlook.plan)
        ids = tuple(str(uuid.uuid4()) for _ in asked)
        parts = [
            Part(one.request, operation_id=name, after=tuple(ids[at] for at in one.after))
            for one, name in zip(asked, ids, strict=True)
        ]
        count = len(outlook.steps)
        moves = f"{count} move{'' if count == 1 else 's'}" if count else "only the proof"
        title = f"{outlook.plan.title}: {moves}"
        group_id = self._actions.send_group(title, parts)
        self._ran(run_of(outlook, group_id, ids, time.time()), is_back=page is self.back)

    def let_the_cluster(self) -> None:
        """The cluster's own drain or failback instead, after it was told what differs."""
        node = self._saved.plan.node
        is_back = self._page is self.back
        text = (_BACK_BY_CLUSTER if is_back else _BY_CLUSTER).format(node=node)
        title = f"Let the cluster {'bring them back' if is_back else f'drain {node}'}?"
        word = "Resume with failback" if is_back else "Drain"
        self._ask.confirm(title, text, word, lambda: self._by_cluster(is_back))

    def _by_cluster(self, is_back: bool) -> None:
        node, page = self._saved.plan.node, self.back if is_back else self.page
        request = ResumeNode(node, failback=True) if is_back else DrainNode(node)
        operation_id = self._actions.send(request)
        self._ran(run_by_cluster(page.outlook, operation_id, time.time()), is_back=is_back)

    def _ran(self, run: PlanRun, *, is_back: bool) -> None:
        saved = self.saved
        field = "back_runs" if is_back else "runs"
        runs = (*getattr(saved, field), run)
        self._saved = msgspec.structs.replace(saved, **{field: runs})
        self._keeping.keep(self._saved)
        (self.back if is_back else self.page).show_frozen(
            (self.back if is_back else self.page).outlook
        )
        self.tabs.setTabVisible(self._at(self.outcome), True)
        self.outcome.show_run(run)
        self.tabs.setCurrentWidget(self.outcome)
        self._show_back()
        self._on_changed()

    def stop_between(self) -> None:
        """What has not begun does not begin; what moves goes on to its end."""
        run = self._running
        if run is not None:
            self._actions.stop_group(run.group_id)

    @property
    def _running(self) -> PlanRun | None:
        """The last run, while something of it goes on; the cluster's own cannot be stopped."""
        runs = self._all_runs
        if not runs or runs[-1].is_by_cluster:
            return None
        group = runs[-1].group_id
        children = (r for r in self._store.operations.values() if r.group_id == group)
        now = standing(current_children(children))
        return runs[-1] if now.total and not now.is_over else None

    # -- files ---------------------------------------------------------------------------------
    def keep(self) -> None:
        """Into the list of kept plans."""
        self._saved = self.saved
        self._keeping.keep(self._saved)

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self._document(is_csv=False))

    def _document(self, *, is_csv: bool) -> str:
        """What is in sight, as Markdown or CSV."""
        after, title = self.outcome.afterwards, self._saved.plan.title
        if self.tabs.currentWidget() is self.outcome and after is not None:
            actual = plan_document.actual_csv(after) if is_csv else ""
            return actual or plan_document.actual_markdown(after, title)
        outlook = self._page.outlook
        return plan_document.csv_text(outlook) if is_csv else plan_document.markdown(outlook)

    def _export(self, *, is_csv: bool) -> None:
        text = self._document(is_csv=is_csv)
        # A spreadsheet takes the file for UTF-8 only with the mark.
        data = text.encode("utf-8-sig" if is_csv else "utf-8")
        ending, kind = (".csv", "CSV") if is_csv else (".md", "Markdown")
        name = self._saved.name
        self._keeping.ask_where(self, f"Export as {kind}", name, ending, lambda: data)

    def _save_file(self) -> None:
        self._keeping.ask_where(
            self, "Save the plan", self._saved.name, ".json", lambda: encoded(self.saved)
        )

    def _open_file(self) -> None:
        self._keeping.ask_which(self, self.other_wanted.emit)

    # -- inside --------------------------------------------------------------------------------
    def _on_changed(self) -> None:
        """Buttons follow what is in sight."""
        is_outcome = self.tabs.currentWidget() is self.outcome
        page = self._page
        count = len(page.outlook.steps)
        why = page.outlook.why_not_run
        if page is self.back and not self._saved.runs:
            why = f"Run the plan that empties {self._saved.plan.node} first."
        self._run.setEnabled(not why and not page.is_frozen)
        moves = f"&Run {count} move{'' if count == 1 else 's'}"
        self._run.setText("&Pause it and prove it" if page.outlook.is_only_proof else moves)
        self._run.setToolTip(why)
        self._run.setVisible(not is_outcome)
        self._broken.setVisible(not is_outcome and bool(page.outlook.broken) and page.is_editable)
        is_stoppable = is_outcome and self._running is not None
        self._stop.setVisible(is_stoppable)
        self._cluster.setVisible(self._is_drain and not is_outcome)
        node = self._saved.plan.node
        self._cluster.setText(
            "Let the cluster bring them &back…"
            if page is self.back
            else f"Let the cluster &drain {node}…"
        )
        self._cluster.setEnabled(page is self.page or bool(self._saved.runs))
        again = "&Plan again" if page is self.page and self._is_drain else "&Fit to now"
        self._again.setText(again)
        self._again.setVisible(not is_outcome)

    def _on_tab(self) -> None:
        if self.tabs.currentWidget() is self.back:
            self._show_back()
            self.back.judge_again()
        elif self.tabs.currentWidget() is self.page:
            self.page.judge_again()
        self._on_changed()

    def _on_operations(self, _ids: object) -> None:
        if self._all_runs:
            is_over = self._running is None
            if is_over and self._saved.runs and not self._saved.back_runs:
                self._show_back()
            self._stop.setVisible(not is_over and self.tabs.currentWidget() is self.outcome)

    def _say(self, text: str) -> None:
        self._said.setText(plain(text))
        self._said.setVisible(bool(text))

    def _at(self, page: QWidget) -> int:
        return self.tabs.indexOf(page)

    def _place(self) -> None:
        self.tabs = QTabWidget(self)
        self.tabs.setObjectName("plan_tabs")
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.page, "The plan")
        self.tabs.addTab(self.back, "The way back")
        self.tabs.addTab(self.outcome, "Promised and done")
        self._said.setObjectName("plan_said")
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._said.setWordWrap(True)
        self._said.hide()
        self._run = self._button("plan_run", self.run, "")
        self._stop = self._button("plan_stop", self.stop_between, "&Stop between moves")
        self._broken = self._button(
            "plan_broken", lambda: self._page.leave_out_broken(), "Leave out what &cannot be done"
        )
        self._again = self._button("plan_again", self.plan_again, "")
        self._cluster = self._button("plan_cluster", self.let_the_cluster, "")
        self._file = self._button("plan_file", lambda: None, "F&ile")
        self._file.setMenu(self._make_menu())
        close = self._button("plan_close", self.close, "Close")
        buttons = QHBoxLayout()
        for button in (self._file, self._again, self._cluster, self._broken):
            buttons.addWidget(button)
        buttons.addStretch(1)
        for button in (close, self._stop, self._run):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self._said)
        layout.addLayout(buttons)

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        for name, text, act, key in (
            ("plan_keep", "&Keep in the list of plans", self.keep, "Ctrl+S"),
            ("plan_save", "&Save to a file…", self._save_file, "Ctrl+Shift+S"),
            ("plan_open", "&Open a file…", self._open_file, "Ctrl+O"),
            ("plan_markdown", "Export as &Markdown…", lambda: self._export(is_csv=False), ""),
            ("plan_csv", "Export as &CSV…", lambda: self._export(is_csv=True), ""),
            ("plan_copy", "Co&py as Markdown", self.copy, "Ctrl+Shift+C"),
        ):
            entry = menu.addAction(text)
            entry.setObjectName(name)
            entry.triggered.connect(lambda _=False, act=act: act())
            if key:
                entry.setShortcut(QKeySequence(key))
                # The menu of a button is no menu bar: its keys work only if the window has them.
                self.addAction(entry)
        return menu

    def _button(self, name: str, act: Callable[[], object], text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAutoDefault(False)  # Return in a table must not move anything
        button.clicked.connect(lambda _=False: act())
        return button

    def _connect(self) -> None:
        self.page.changed.connect(self._show_back)
        for page in (self.page, self.back):
            page.changed.connect(self._on_changed)
        self.tabs.currentChanged.connect(lambda _: self._on_tab())
        self._store.operations_changed.connect(self._on_operations)
        self._keeping.said.connect(self._say)
        self._keeping.failed.connect(self._say)
