"""Moves as somebody asks for them, and what the cluster's nodes say to them at that moment."""

import time
from collections.abc import Sequence

import msgspec

from console.model.finding import Finding, NodeVerdict, Severity, Verdict
from console.model.request import LiveMigrate, MoveMethod
from console.ui.models.move_words import outlook_text
from console.ui.plain_text import one_line
from console.ui.store import Store

_WORST_FIRST = (
    Verdict.CANNOT,
    Verdict.UNKNOWN,
    Verdict.WAITS,
    Verdict.FITS_WITH_NOTES,
    Verdict.FITS,
)
_REFUSING = (Verdict.CANNOT, Verdict.UNKNOWN)


class MoveOffer(msgspec.Struct, frozen=True):
    """``verdicts`` are one for each target of ``moves``, judged on what is known just now."""

    title: str
    moves: tuple[LiveMigrate, ...]
    verdicts: tuple[NodeVerdict, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all: one act is as good as its worst part."""
        found = {verdict.verdict for verdict in self.verdicts}
        return next((word for word in _WORST_FIRST if word in found), Verdict.UNKNOWN)

    @property
    def is_refused(self) -> bool:
        return self.verdict in _REFUSING

    @property
    def has_notes(self) -> bool:
        """Whether there is something to read first; a place in a queue alone is none."""
        return not self.is_refused and any(
            finding.severity is Severity.NOTE
            for verdict in self.verdicts
            for finding in verdict.findings
        )

    @property
    def method(self) -> MoveMethod:
        return self.moves[0].method if self.moves else MoveMethod.LIVE

    @property
    def keys_by_target(self) -> dict[str, tuple[str, ...]]:
        """Keys of the VMs that go to each target."""
        found: dict[str, tuple[str, ...]] = {}
        for move in self.moves:
            found[move.target] = (*found.get(move.target, ()), move.vm_key)
        return found

    def outlook(self) -> str:
        """The verdict and its figures in one line."""
        return f"{self.verdict}  ·  {self.figures()}"

    def figures(self) -> str:
        """Memory, N+1, how long; of several targets how many."""
        if len(self.verdicts) == 1:
            return outlook_text(self.verdicts[0], self.method)
        return f"judged for {len(self.verdicts)} nodes"

    def reasons(self) -> list[tuple[str, Finding]]:
        """(target, finding), worst first; the target is empty if there is only one."""
        found = [
            (verdict.node if len(self.verdicts) > 1 else "", finding)
            for verdict in self.verdicts
            for finding in verdict.findings
        ]
        rank = {severity: at for at, severity in enumerate(reversed(Severity))}
        return sorted(found, key=lambda row: rank[row[1].severity])

    def with_verdicts(self, verdicts: Sequence[NodeVerdict]) -> "MoveOffer":
        """The same moves, judged anew; a target that is not named keeps its word."""
        anew = {verdict.node: verdict for verdict in verdicts}
        kept = tuple(anew.get(verdict.node, verdict) for verdict in self.verdicts)
        return MoveOffer(self.title, self.moves, kept)


def requests_to(
    store: Store, keys: Sequence[str], target: str, method: MoveMethod = MoveMethod.LIVE
) -> list[LiveMigrate]:
    """One request for each of these VMs that is on another node; others are left out."""
    vms = store.inventory.vms
    return [
        LiveMigrate(key, vms[key].name, owner, target, method)
        for key in keys
        if key in vms and (owner := vms[key].owner_node) and owner != target
    ]


def offer(store: Store, moves: Sequence[LiveMigrate], title: str = "") -> MoveOffer:
    """Judge these moves on what was read last. No I/O."""
    # Here and not above: the first frame needs no check, and a window warms them afterwards.
    from console.checks.moves import judge_moves

    verdicts: list[NodeVerdict] = []
    made = MoveOffer(title or title_of(moves), tuple(moves), ())
    for target, keys in made.keys_by_target.items():
        judged = judge_moves(
            store.inventory,
            keys,
            store.running(),
            time.time(),
            method=made.method,
            history=store.earlier_moves(keys),
        )
        verdicts += (verdict for verdict in judged if verdict.node == target)
    return MoveOffer(made.title, made.moves, tuple(verdicts))


def title_of(moves: Sequence[LiveMigrate]) -> str:
    """Move app-05 to LAB-N2; Move 3 VMs quickly to LAB-N2."""
    if not moves:
        return "Move"
    quick = " quickly" if moves[0].method is MoveMethod.QUICK else ""
    targets = {move.target for move in moves}
    where = one_line(targets.pop()) if len(targets) == 1 else f"{len(targets)} nodes"
    return f"Move {what_of(moves)}{quick} to {where}"


def what_of(moves: Sequence[LiveMigrate]) -> str:
    return one_line(moves[0].vm_name) if len(moves) == 1 else f"{len(moves)} VMs"
