"""What a plan would come to on the cluster as last read. Never stored: read again, judged again."""

import msgspec

from console.model.finding import Finding, Severity, Verdict
from console.model.plan import Method, Plan, PlanKind, PlannedMove, Range


class NodeRoom(msgspec.Struct, frozen=True, gc=False):
    """A node's memory in MiB before the first step; None: not known."""

    node: str
    total_mib: int | None
    used_mib: int | None


class Step(msgspec.Struct, frozen=True):
    """One move and what would be once it is done. Times in seconds from the start of the plan.

    ``used_mib``: memory in use on each node of ``Outlook.nodes``, in that order. ``starts_s``,
    ``ends_s`` and ``pause_ms`` are None where nobody can tell.
    """

    move: PlannedMove
    verdict: Verdict
    memory_mib: int | None = None
    findings: tuple[Finding, ...] = ()
    used_mib: tuple[int | None, ...] = ()
    survives_node_loss: bool | None = None
    duration_s: Range | None = None
    starts_s: Range | None = None
    ends_s: Range | None = None
    pause_ms: Range | None = None

    @property
    def is_broken(self) -> bool:
        """Whether it would be refused, or nobody can tell that it would not."""
        return self.verdict in (Verdict.CANNOT, Verdict.UNKNOWN)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(f.text for f in self.findings if f.severity is Severity.NOTE)


class StaysBehind(msgspec.Struct, frozen=True, gc=False):
    """A VM of the node that the plan does not move, why, what would help, and which methods would
    take it to ``target`` after all.
    """

    vm_key: str
    vm_name: str
    why: str
    fix: str
    is_left_out: bool = False
    offers: tuple[Method, ...] = ()
    target: str = ""


class Outlook(msgspec.Struct, frozen=True):
    """A plan, judged step by step. ``warning`` tells what does not fit as a whole."""

    plan: Plan
    judged_at: float
    nodes: tuple[NodeRoom, ...] = ()
    steps: tuple[Step, ...] = ()
    stays: tuple[StaysBehind, ...] = ()
    refusal: str = ""
    warning: str = ""
    survives_before: bool | None = None

    @property
    def finish_s(self) -> Range | None:
        """When the last move would have ended; None if no speed is known or nothing moves. What
        cannot be done as it is takes no time.
        """
        ends = [step.ends_s for step in self.steps if not step.is_broken]
        known = [end for end in ends if end is not None]
        if not known or len(known) < len(ends):
            return None
        return max(low for low, _ in known), max(high for _, high in known)

    @property
    def reserve_lost_at(self) -> int | None:
        """The step (1 is the first) from which the rest could not bear the loss of a node."""
        for number, step in enumerate(self.steps, start=1):
            if step.survives_node_loss is False:
                return number
        return None

    @property
    def broken(self) -> tuple[int, ...]:
        """The numbers (1 is the first) of the steps that cannot be done as they are."""
        return tuple(n for n, step in enumerate(self.steps, start=1) if step.is_broken)

    @property
    def is_only_proof(self) -> bool:
        """Whether the node holds nothing (any more): it is paused, and looked at."""
        is_drain = self.plan.kind is PlanKind.DRAIN
        return is_drain and not (self.steps or self.stays or self.refusal or self.warning)

    @property
    def why_not_run(self) -> str:
        """Why this cannot be run as it is; empty if it can."""
        if self.refusal:
            return self.refusal
        if not self.steps and not self.is_only_proof:
            return "Nothing moves in this plan."
        if not self.broken:
            return ""
        numbers = ", ".join(map(str, self.broken[:8])) + (" …" if len(self.broken) > 8 else "")
        one = len(self.broken) == 1
        return f"Step{'' if one else 's'} {numbers} cannot be done as planned."
