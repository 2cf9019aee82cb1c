"""Every way into a plan: emptying a node, evening out, planning mode, a kept plan, a file."""

import functools
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from console.model.plan import Plan
from console.ui.actions import Actions
from console.ui.ask import Ask
from console.ui.file_thread import FileThread
from console.ui.store import Store

if TYPE_CHECKING:
    from console.checks.situation import Situation
    from console.ui.plan_keeping import PlanKeeping


class PlanOpener(QObject):
    """Makes the windows; each plan has one of its own."""

    def __init__(
        self, store: Store, actions: Actions, folder: Path, window: QWidget, ask: Ask
    ) -> None:
        super().__init__(window)
        self._store, self._actions, self._window, self._ask = store, actions, window, ask
        self._folder = folder
        self._thinking = FileThread(self)
        self._is_thinking = False

    @functools.cached_property
    def _keeping(self) -> "PlanKeeping":
        from console.ui.plan_keeping import PlanKeeping

        keeping = PlanKeeping(self._folder, self)
        keeping.failed.connect(lambda text: self._ask.report("Plan", text))
        return keeping

    def empty(self, node: str) -> None:
        """The plan that empties a node."""
        from console.planning.drain import plan_drain

        self._think(lambda situation: plan_drain(node, situation), self.open)

    def even_out(self) -> None:
        """The proposal that evens out the nodes."""
        from console.planning.rebalance import plan_rebalance

        self._think(plan_rebalance, self._on_evened)

    def _on_evened(self, plan: Plan) -> None:
        if plan.moves:
            self.open(plan)
        else:
            self._ask.report("Even out the nodes", plan.refusal)

    def _think(self, work: "Callable[[Situation], Plan]", then: Callable[[Plan], None]) -> None:
        """Beside the GUI thread: on many nodes a proposal takes several frames."""
        if self._is_thinking:
            return
        from console.checks.situation import Situation
        from console.planning.copied_cluster import copy_of

        # The inventory changes under the thread; its copy does not.
        inventory = copy_of(self._store.inventory)
        situation = Situation(inventory, time.time(), self._store.running())

        def thought(plan: Plan) -> None:
            self._is_thinking = False
            then(plan)

        self._is_thinking = True
        self._thinking.run(lambda: work(situation), thought, self)

    def arrange(self, keys: tuple[str, ...] = (), node: str = "") -> None:
        """Planning mode: a copy of the cluster on which VMs are dragged; one at a time.

        With ``keys`` it begins with these on ``node``, or goes on with them.
        """
        from console.ui.views.planning_mode import PlanningMode

        mode = self._window.findChild(PlanningMode)
        if mode is None or not mode.isVisible():
            mode = PlanningMode(self._store, self._window)
            mode.planned.connect(self.open)
        mode.show()
        mode.raise_()
        mode.activateWindow()
        if keys:
            mode.arrange(keys, node)

    def show_kept(self) -> None:
        """The list of kept plans."""
        from console.ui.views.kept_plans import KeptPlans

        kept = KeptPlans(self._keeping, self._store, self._window)
        kept.chosen.connect(self.open_saved)
        kept.open()

    def open(self, plan: Plan) -> None:
        """A new plan in a window of its own."""
        from console.planning.plan_file import SavedPlan

        made = time.strftime("%Y-%m-%d %H:%M", time.localtime(plan.made_at))
        name = f"{plan.title}, {made}"
        self.open_saved(SavedPlan(str(uuid.uuid4()), name, time.time(), plan))

    def open_saved(self, saved: object) -> None:
        """A plan that was kept, or read from a file."""
        from console.planning.plan_file import SavedPlan
        from console.ui.views.plan_window import PlanWindow

        assert isinstance(saved, SavedPlan)
        opened = PlanWindow(self._store, self._actions, self._keeping, saved, self._window)
        opened.other_wanted.connect(self.open_saved)
        opened.show()
