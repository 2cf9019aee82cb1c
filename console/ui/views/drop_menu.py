"""The menu of a drop with the right button: how to move, into a plan, or not at all."""

from collections.abc import Callable

from PySide6.QtWidgets import QMenu

from console.model.finding import Severity, Verdict
from console.model.request import MoveMethod
from console.ui.models.move_words import pause_range
from console.ui.move_offer import MoveOffer
from console.ui.moving import Moving
from console.ui.plain_text import one_line, tip
from console.ui.views.map_lift import Drop

AddToPlan = Callable[[tuple[str, ...], str], object]
_LONGEST = 76


def fill(menu: QMenu, drop: Drop, moving: Moving, add_to_plan: AddToPlan | None) -> None:
    """The ways from where the VMs are to the node that they were dropped on.

    A way that is barred stays, disabled, with its first reason under it.
    """
    menu.setObjectName("drop_menu")
    menu.setToolTipsVisible(True)
    menu.setAccessibleName(f"Move {one_line(drop.what)} to {one_line(drop.node)}")
    menu.addSection(f"{one_line(drop.what)} to {one_line(drop.node)}")
    for method, word in ((MoveMethod.LIVE, "&Live"), (MoveMethod.QUICK, "&Quick")):
        verdict = drop.verdict if method is MoveMethod.LIVE else None
        made = moving.offer(drop.keys, drop.node, method, verdict)
        _add_way(menu, f"drop_{method}", word, made, moving)
    menu.addSeparator()
    plan = menu.addAction("Add to a &plan: nothing moves yet")
    plan.setObjectName("drop_plan")
    if add_to_plan is None:
        plan.setEnabled(False)
        plan.setToolTip("No plan is open.")
    else:
        plan.triggered.connect(lambda _=False: add_to_plan(drop.keys, drop.node))
    menu.addSeparator()
    menu.addAction("&Cancel: nothing is moved").setObjectName("drop_cancel")


def _add_way(menu: QMenu, name: str, word: str, made: MoveOffer, moving: Moving) -> None:
    verdict = made.verdicts[0] if made.verdicts else None
    is_quick = made.method is MoveMethod.QUICK
    pause = None
    if verdict is not None:
        pause = verdict.quick_pause_ms if is_quick else verdict.pause_ms
    how = "stands still" if is_quick else "keeps running, pause"
    how += f" {pause_range(pause)}" if pause is not None else (" for a time not known")
    action = menu.addAction(f"{word}: {how}\t{made.verdict}")
    action.setObjectName(name)
    action.setEnabled(not made.is_refused)
    action.triggered.connect(lambda _=False: moving.consider(made))
    if made.is_refused:
        barred = (f for _, f in made.reasons() if f.severity in (Severity.BLOCKS, Severity.UNKNOWN))
        finding = next(barred, None)
        text = one_line(finding.text) if finding is not None else str(Verdict.UNKNOWN)
        action.setToolTip(tip(f"{text} {finding.remedy if finding else ''}".strip()))
        why = menu.addAction(f"      {text if len(text) <= _LONGEST else text[:_LONGEST] + '…'}")
        why.setObjectName(f"{name}_why")
        why.setEnabled(False)
