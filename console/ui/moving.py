"""Moving VMs as a person asks for it: by drop, menu, key or palette, and back again.

Every way makes a ``MoveOffer`` first: refused, it is told why; with notes, they are read; else it
is held for some seconds while the cluster itself is asked once more.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from console.model.finding import NodeVerdict, Verdict
from console.model.operation import OperationRecord, OperationState
from console.model.request import LiveMigrate, MoveMethod
from console.settings import Settings
from console.ui.ask import Ask
from console.ui.bridge import OnMovesChecked
from console.ui.grace import Grace
from console.ui.move_offer import MoveOffer, offer, requests_to, what_of
from console.ui.plain_text import one_line
from console.ui.store import Store

_TOLD = 8


class LiveChecks(Protocol):
    """The bridge, as far as moves need it: a look at the cluster itself."""

    def check_moves(
        self, keys: Sequence[str], targets: Sequence[str], callback: OnMovesChecked
    ) -> str: ...

    def forget_check(self, token: str) -> None: ...


class Moving(QObject):
    """``submit(*requests, title=)`` sends them, several as one group. Until ``grace`` is over
    nothing is sent.

    Signal: ``notes_wanted(MoveOffer)`` before one with notes; ``begin`` it once they were read.
    """

    notes_wanted = Signal(object)

    def __init__(
        self,
        store: Store,
        ask: Ask,
        settings: Settings,
        submit: Callable[..., None],
        live: LiveChecks,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._ask, self._settings, self._submit = store, ask, settings, submit
        self._live = live
        self._accepted: set[tuple[str, str]] = set()
        self._to_check: list[str] = []
        self._held: MoveOffer | None = None
        self.grace = Grace(self)
        self.grace.changed.connect(self._on_grace)

    # -- asking for it -------------------------------------------------------------------------
    def move(
        self,
        keys: Sequence[str],
        target: str,
        method: MoveMethod = MoveMethod.LIVE,
        verdict: NodeVerdict | None = None,
    ) -> None:
        """Move these VMs to a node; ``verdict`` is what the person was shown, if anything."""
        made = self.offer(keys, target, method, verdict)
        if made.moves:
            self.consider(made)

    def offer(
        self,
        keys: Sequence[str],
        target: str,
        method: MoveMethod = MoveMethod.LIVE,
        verdict: NodeVerdict | None = None,
    ) -> MoveOffer:
        """What moving them there comes to, judged now; ``verdict`` outranks what was read."""
        made = offer(self._store, self.requests(keys, target, method))
        return made.with_verdicts((verdict,)) if verdict is not None else made

    def consider(self, made: MoveOffer) -> None:
        """Tell why not, have notes read, or begin."""
        if made.is_refused:
            self._refuse(made, f"{made.title}: {made.verdict}")
        elif made.has_notes and not self.was_accepted(made):
            self.notes_wanted.emit(made)
        else:
            self.begin(made)

    def accept(self, made: MoveOffer) -> None:
        """Its notes were read: they are not asked about again in this run of the console."""
        self._accepted |= _notes(made)
        self.begin(made)

    def chosen(self, keys: Sequence[str], target: str, method: MoveMethod) -> None:
        """Move them as the chooser told it: every reason was read there, nothing is asked twice."""
        made = self.offer(keys, target, method)
        if made.moves and made.is_refused:
            self.consider(made)
        elif made.moves:
            self._accepted |= _notes(made)
            self._hold(made)

    def was_accepted(self, made: MoveOffer) -> bool:
        """What holds for every move of a cluster would otherwise be asked with each of them."""
        return _notes(made) <= self._accepted

    def begin(self, made: MoveOffer) -> None:
        """Hold it for its grace; with ``confirm_moves`` it is asked instead."""
        if not self._settings.confirm_moves:
            self._hold(made)
            return
        targets = ", ".join(made.keys_by_target)
        sources = ", ".join(sorted({request.source for request in made.moves}))
        how = "It keeps running; you can cancel while it moves."
        if made.method is MoveMethod.QUICK:
            how = "It stands still while it moves."
        self._ask.confirm(
            f"Move to {targets}?",
            f"{made.title}, from {sources}?\n{made.outlook()}\n\n{how}",
            "Move",
            lambda: self._submit(*made.moves, title=made.title),
            on_remember=self._stop_asking,
        )

    def requests(
        self, keys: Sequence[str], target: str, method: MoveMethod = MoveMethod.LIVE
    ) -> list[LiveMigrate]:
        """One request for each of these VMs that is on another node; others are left out."""
        return requests_to(self._store, keys, target, method)

    def why_not(self, keys: Sequence[str]) -> str:
        """Why none of these can be moved at all, wherever to; empty if one can."""
        # Here and not above: the first frame needs no policy.
        from console.checks.platform_allows import refusal

        vms, release = self._store.inventory.vms, self._store.inventory.cluster.release
        placed = [vms[key] for key in keys if key in vms and vms[key].owner_node]
        if not placed:
            return "It is not on the cluster."
        refusals = [refusal("live_migrate", vm, release) for vm in placed]
        first = refusals[0]
        return "" if first is None or None in refusals else f"{first.text} {first.remedy}".strip()

    # -- held ----------------------------------------------------------------------------------
    def _hold(self, made: MoveOffer) -> None:
        # The requests hold the owner that was seen: a VM that moves meanwhile is refused.
        self._held = made
        self._to_check = list(made.keys_by_target) if made.method is MoveMethod.LIVE else []
        self.grace.hold(made.title, lambda: self._submit(*made.moves, title=made.title))
        self._tell_held("asking the cluster…" if self._to_check else "")
        self._check_next()

    def _check_next(self) -> None:
        """One target after the other: the worker answers only the newest question."""
        made = self._held
        if made is None or not self._to_check:
            return
        target = self._to_check.pop(0)

        def checked(verdicts: tuple[NodeVerdict, ...], _at: float) -> None:
            self._on_checked(made, verdicts)

        self._live.check_moves(made.keys_by_target[target], (target,), checked)

    def _on_checked(self, asked: MoveOffer, verdicts: tuple[NodeVerdict, ...]) -> None:
        held = self._held
        if held is None or held.moves is not asked.moves or not self.grace.is_holding:
            return
        self._held = now = held.with_verdicts(verdicts)
        if now.is_refused:
            self.grace.undo()
            self._refuse(now, f"{now.title}: stopped before it began")
        elif self._to_check:
            self._check_next()
        else:
            self._tell_held("checked just now")

    def _tell_held(self, checked: str) -> None:
        if self._held is not None:
            self.grace.tell("  ·  ".join(filter(None, (self._held.outlook(), checked))))

    def _on_grace(self) -> None:
        if not self.grace.is_holding:
            self._held = None

    def _refuse(self, made: MoveOffer, title: str) -> None:
        lines = []
        for target, finding in made.reasons():
            if finding.severity.value not in ("blocks", "unknown"):
                continue
            where = f"{one_line(target)}: " if target else ""
            lines.append(f"{where}{finding.text} {finding.remedy}".strip())
        more = [f"and {len(lines) - _TOLD} more"] if len(lines) > _TOLD else []
        lines = [*lines[:_TOLD], *more, "", "Nothing was moved."]
        self._ask.report(title, "\n".join(lines))

    # -- back again ----------------------------------------------------------------------------
    def can_go_back(self, record: OperationRecord) -> bool:
        request = record.request
        if not isinstance(request, LiveMigrate) or record.state is not OperationState.SUCCEEDED:
            return False
        vm = self._store.inventory.vms.get(request.vm_key)
        return vm is not None and vm.owner_node == request.target

    def back(self, record: OperationRecord) -> None:
        self.back_all([record])

    def why_not_back(self, children: Sequence[OperationRecord]) -> str:
        """Why no VM of these moves can go back; empty if one can."""
        if any(map(self.can_go_back, children)):
            return ""
        return "Only VMs that arrived, and are still there, are moved back."

    def back_all(self, children: Sequence[OperationRecord]) -> None:
        """Every VM of these moves that arrived and is still there goes back where it came from.

        Judged anew: what held on the way there may not hold on the way back. A part that cannot
        go does not keep the others.
        """
        moves = [
            LiveMigrate(request.vm_key, request.vm_name, request.target, request.source)
            for record in children
            if self.can_go_back(record) and isinstance(request := record.request, LiveMigrate)
        ]
        if not moves:
            return
        made = offer(self._store, moves, _back_title(moves))
        refused = {verdict.node for verdict in made.verdicts if verdict.verdict is Verdict.CANNOT}
        able = tuple(move for move in moves if move.target not in refused)
        if refused and able:
            left = tuple(move for move in moves if move.target in refused)
            cannot = tuple(verdict for verdict in made.verdicts if verdict.node in refused)
            out = MoveOffer(_back_title(left), left, cannot)
            self._refuse(out, f"{len(left)} of {len(moves)} stay: {Verdict.CANNOT}")
            made = offer(self._store, able, _back_title(able))
        self.consider(made)

    def _stop_asking(self) -> None:
        self._settings.confirm_moves = False


def _back_title(moves: Sequence[LiveMigrate]) -> str:
    targets = {move.target for move in moves}
    if len(moves) > 1 and len(targets) > 1:
        return f"Move {what_of(moves)} back to {len(targets)} nodes"
    return f"Move {what_of(moves)} back to {one_line(moves[0].target)}"


def _notes(made: MoveOffer) -> set[tuple[str, str]]:
    return {
        (finding.check, finding.text) for verdict in made.verdicts for finding in verdict.findings
    }
