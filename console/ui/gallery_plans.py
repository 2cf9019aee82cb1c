"""Plans for the gallery: proposed, changed and broken, run, on the way back, and planning mode."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from console.checks.situation import Situation
from console.model.freshness import Fault, FaultCode
from console.model.operation import OperationRecord, OperationState, Progress
from console.model.plan import Plan
from console.model.request import ProveNodeEmpty
from console.planning import editing
from console.planning.afterwards import run_of
from console.planning.asked import asked_of
from console.planning.drain import plan_drain
from console.planning.plan_file import SavedPlan
from console.planning.rebalance import plan_rebalance

if TYPE_CHECKING:
    from console.ui.main_window import MainWindow
    from console.ui.views.plan_window import PlanWindow

Build = Callable[["MainWindow", Path], QWidget]
_S = OperationState
_STATES = (_S.SUCCEEDED,) * 4 + (_S.FAILED, _S.SUCCEEDED, _S.RUNNING, _S.RUNNING)


def _situation(main: "MainWindow") -> Situation:
    return Situation(main._store.inventory, time.time())


def _fullest(main: "MainWindow") -> str:
    inventory = main._store.inventory
    return max(inventory.nodes, key=lambda name: len(inventory.vms_on(name)))


def _window(main: "MainWindow", folder: Path, plan: Plan) -> "PlanWindow":
    from console.ui.plan_keeping import PlanKeeping
    from console.ui.views.plan_window import PlanWindow

    saved = SavedPlan("picture", plan.title, time.time(), plan)
    opened = PlanWindow(main._store, main.actions_table, PlanKeeping(folder, main), saved)
    # Once it has its size: a row is scrolled to in a table that is laid out.
    QTimer.singleShot(0, opened, lambda: opened.page.table.choose([2]))
    return opened


def _drain(main: "MainWindow", folder: Path) -> QWidget:
    return _window(main, folder, plan_drain(_fullest(main), _situation(main)))


def _edited(main: "MainWindow", folder: Path) -> QWidget:
    """Two steps that were sent where they cannot go, one VM left out, one order changed."""
    opened = _window(main, folder, plan_drain(_fullest(main), _situation(main)))
    page, node = opened.page, _fullest(main)
    page.change(editing.with_target(page.plan, [1], node))
    other = page.plan.moves[0].target
    page.change(editing.with_target(page.plan, range(2, len(page.plan.moves)), other))
    page.change(editing.without(page.plan, [4]))
    page.change(editing.reordered(page.plan, [5], 0))
    return opened


def _outcome(main: "MainWindow", folder: Path) -> QWidget:
    """Half done: one failed, two move, the rest waits."""
    opened = _window(main, folder, plan_drain(_fullest(main), _situation(main)))
    outlook = opened.page.outlook
    asked = asked_of(outlook.plan)
    ids = tuple(f"picture-{at}" for at in range(len(asked)))
    begun = time.time() - 90
    run = run_of(outlook, "picture", ids, begun)
    records = [
        _record(one.request, name, at, begun)
        for at, (one, name) in enumerate(zip(asked, ids, strict=True))
    ]
    main._store.operation_changed(*records)
    saved = msgspec.structs.replace(opened.saved, runs=(run,))
    opened.show_saved(saved)
    return opened


def _record(request: object, name: str, at: int, begun: float) -> OperationRecord:
    state = _STATES[at - 1] if 1 <= at <= len(_STATES) else _S.QUEUED if at else _S.SUCCEEDED
    if isinstance(request, ProveNodeEmpty):
        state = _S.QUEUED
    has_ended = state in (_S.SUCCEEDED, _S.FAILED)
    started = begun + 7 * at if state is not _S.QUEUED else None
    fault = Fault(FaultCode.REJECTED, "The target refused it: not enough memory (0x800705AA).")
    return OperationRecord(
        name,
        request,  # type: ignore[arg-type]
        name,
        state,
        begun,
        group_id="picture",
        started_at=started,
        ended_at=started + 9 + at if has_ended and started is not None else None,
        progress=Progress("Copying memory", 0.4) if state is _S.RUNNING else None,
        fault=fault if state is _S.FAILED else None,
        result="It is there: running, Secure Boot and vTPM as before."
        if state is _S.SUCCEEDED
        else "",
    )


def _back(main: "MainWindow", folder: Path) -> QWidget:
    opened = _window(main, folder, plan_drain(_fullest(main), _situation(main)))
    opened.tabs.setCurrentWidget(opened.back)
    QTimer.singleShot(0, opened, lambda: opened.back.table.choose([3]))
    return opened


def _rebalance(main: "MainWindow", folder: Path) -> QWidget:
    return _window(main, folder, plan_rebalance(_situation(main)))


def _planning_mode(main: "MainWindow", folder: Path) -> QWidget:
    from console.ui.views.planning_mode import PlanningMode

    mode = PlanningMode(main._store)
    inventory = main._store.inventory
    nodes = list(inventory.nodes)
    keys = tuple(vm.key for vm in inventory.vms_on(nodes[0]))
    mode.arrange(keys[:2], nodes[2])
    mode.arrange(keys[3:4], nodes[1])
    return mode


def _kept(main: "MainWindow", folder: Path) -> QWidget:
    from console.ui.plan_keeping import PlanKeeping
    from console.ui.views.kept_plans import KeptPlans

    keeping = PlanKeeping(folder, main)
    situation = _situation(main)
    for at, node in enumerate(main._store.inventory.nodes):
        plan = plan_drain(node, situation)
        saved = SavedPlan(f"picture-{at}", f"{plan.title}, patches", time.time() - at, plan)
        keeping.keep(saved)
    return KeptPlans(keeping, main._store)


BUILDERS: Mapping[str, Build] = {
    "plan": _drain,
    "plan-edited": _edited,
    "plan-outcome": _outcome,
    "plan-back": _back,
    "plan-rebalance": _rebalance,
    "planning-mode": _planning_mode,
    "kept-plans": _kept,
}
