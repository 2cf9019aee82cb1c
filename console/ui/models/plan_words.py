"""A plan in words: headline, reserve, and every step's cells."""

from collections.abc import Sequence

from console.checks.node_has_memory import gib
from console.model.finding import Severity, Verdict
from console.model.outlook import Outlook, Step
from console.model.plan import Method, PlanKind, Range
from console.planning.rebalance import LEAST_CPU_SPREAD, LEAST_SPREAD
from console.ui.models.operation_words import duration_text
from console.ui.models.vm_columns import memory_text
from console.ui.plain_text import one_line

METHOD_WORDS = {
    Method.LIVE: "Live",
    Method.QUICK: "Quick: paused while it moves",
    Method.SHUT_DOWN: "Shut down first",
}
_OFF_WORDS = "Handed over, off"
RESERVE_WORDS = {True: "kept", False: "lost", None: "not known"}
_TIB = 1024 * 1024  # in MiB
STAY_COLUMNS = ("Stays behind", "Why", "What helps")
_NEXT = {
    PlanKind.DRAIN: (
        "Running it pauses {node} first, so that neither the cluster nor Azure puts anything there "
        "(Suspend-ClusterNode, then Remove-MocPhysicalNode), then does the moves, each checked "
        "again before it starts, and at the end looks whether the node is empty. It is safe to "
        "reboot only when that says so. The way back undoes both."
    ),
    PlanKind.RETURN: (
        "Running it resumes {node} first (Resume-ClusterNode without failback, then "
        "New-MocPhysicalNode), so that the cluster and Azure use it again, then brings the VMs "
        "back, each checked again before it starts."
    ),
    PlanKind.REBALANCE: (
        "Nothing has been moved yet. Each move is checked again before it starts. No moves are "
        f"proposed for differences of up to {LEAST_SPREAD:.0f} points of memory or "
        f"{LEAST_CPU_SPREAD:.0f} of CPU: they would cost more than they bring."
    ),
    PlanKind.ARRANGED: "Nothing has been moved yet. Each move is checked again before it starts.",
}


def what_next(outlook: Outlook) -> str:
    """What running the plan does."""
    return _NEXT[outlook.plan.kind].format(node=outlook.plan.node)


def headline(outlook: Outlook) -> str:
    """How much it is and how long it takes."""
    if outlook.refusal:
        return outlook.refusal
    plan, count = outlook.plan, len(outlook.steps)
    if not count and not outlook.stays:
        where = f"There is no VM on {plan.node}." if plan.kind is PlanKind.DRAIN else ""
        return where or f"{plan.title}: nothing moves."
    moves = f"{count} move{'' if count == 1 else 's'}" if count else "nothing can be moved"
    takes = ""
    if count:
        finish = outlook.finish_s
        takes = f", {range_text(finish)}" if finish else ", how long is not known"
    stays = len(outlook.stays)
    behind = f". {stays} VM{'' if stays == 1 else 's'} would stay behind" if stays else ""
    return f"{plan.title}: {moves}{takes}{behind}."


def trouble_text(outlook: Outlook) -> str:
    """What an edit broke, or what does not fit as a whole; empty if nothing does."""
    told = [outlook.warning] if outlook.warning else []
    if outlook.broken and not outlook.refusal:
        first = outlook.steps[outlook.broken[0] - 1]
        name = one_line(first.move.vm_name)
        told.append(f"{outlook.why_not_run} {name}: {problem_text(first)}")
    return " ".join(told)


def reserve_text(outlook: Outlook) -> str:
    """Whether the nodes in use could bear the loss of one more of them (N+1)."""
    if not outlook.steps:
        return ""
    lost = outlook.reserve_lost_at
    others = "the other nodes" if outlook.plan.kind is PlanKind.DRAIN else "the nodes"
    if outlook.survives_before is False:
        return f"Even before the first step {others} could not bear the loss of one (N+1 lost)."
    if lost is not None:
        back = next((n for n, s in enumerate(outlook.steps, 1) if n > lost and _is_kept(s)), None)
        until = f"until step {back}" if back else "on"
        return (
            f"From step {lost} {until}, {others} could not restart everything if one of them "
            "failed (N+1 lost)."
        )
    if any(step.survives_node_loss is None for step in outlook.steps):
        return f"Whether {others} could bear the loss of one (N+1) is not known."
    return f"At every step {others} could bear the loss of one (N+1 kept)."


def spread_text(outlook: Outlook) -> str:
    """How even the nodes are now and afterwards; of plans that are about that."""
    kinds = (PlanKind.REBALANCE, PlanKind.ARRANGED)
    if outlook.plan.kind not in kinds or not outlook.steps:
        return ""
    rooms = outlook.nodes
    before = _between([(room.used_mib, room.total_mib) for room in rooms])
    last = outlook.steps[-1].used_mib
    after = _between([(u, room.total_mib) for u, room in zip(last, rooms, strict=True)])
    if not before or not after:
        return ""
    return f"Memory in use is between {before} of a node now, and between {after} afterwards."


def _between(used: Sequence[tuple[int | None, int | None]]) -> str:
    shares = [mib / total * 100 for mib, total in used if mib is not None and total]
    return f"{min(shares):.0f} and {max(shares):.0f} %" if len(shares) > 1 else ""


def _is_kept(step: Step) -> bool:
    return step.survives_node_loss is True


def notes_of_all(outlook: Outlook) -> tuple[str, ...]:
    """Notes that hold for every live move: said once, not in every row."""
    steps = [s for s in outlook.steps if not s.is_broken and s.move.method is Method.LIVE]
    if len(steps) < 2:
        return ()
    shared = set.intersection(*(set(step.notes) for step in steps))
    return tuple(note for note in steps[0].notes if note in shared)


def range_text(seconds: Range) -> str:
    """about 2 min to 7 min."""
    low, high = (duration_text(value) for value in seconds)
    return f"about {low}" if low == high else f"about {low} to {high}"


def moment_text(seconds: Range | None) -> str:
    """A moment counted from the start of the plan."""
    if seconds is None:
        return "not known"
    low, high = (duration_text(value) for value in seconds)
    return low if low == high else f"{low} – {high}"


def method_text(step: Step) -> str:
    if step.move.method is Method.QUICK and step.memory_mib == 0:
        return _OFF_WORDS
    return METHOD_WORDS[step.move.method]


def step_memory_text(step: Step) -> str:
    """What it takes on its new node."""
    return "off: none" if step.memory_mib == 0 else memory_text(step.memory_mib)


def pause_range_text(pause_ms: Range | None) -> str:
    """How long a VM stands still; seconds, with a tenth where that tells something."""
    if pause_ms is None:
        return ""
    low, high = pause_ms
    if high >= 10_000:
        return range_text((low / 1000, high / 1000))
    if low == high:
        return f"{low / 1000:.2f} s"
    return f"{low / 1000:.1f} to {high / 1000:.1f} s"


def pause_text(step: Step) -> str:
    """How long it stands still; empty where nobody can tell or it is off."""
    if step.pause_ms is None or step.is_broken:
        return ""
    return f"Stands still for {pause_range_text(step.pause_ms)}."


def problem_text(step: Step) -> str:
    """What forbids the step, or leaves it open, and what helps; empty if nothing does."""
    against = [f for f in step.findings if f.severity in (Severity.BLOCKS, Severity.UNKNOWN)]
    return one_line(" ".join(f"{f.text} {f.remedy}".strip() for f in against[:2]))


def know_text(step: Step, shared: tuple[str, ...] = ()) -> str:
    """What is to be known of a step: what forbids it, else its notes, then why this target."""
    if step.is_broken:
        return problem_text(step)
    notes = [note for note in step.notes if note not in shared]
    return one_line(" ".join((*notes, step.move.reason)))


def verdict_word(step: Step) -> str:
    return "Can't" if step.verdict is Verdict.CANNOT else step.verdict.value


def node_texts(outlook: Outlook, at: int) -> tuple[str, ...]:
    """Each node's memory after the step at row ``at``, as ``LAB-N2 197 of 256 GiB, 77 %``."""
    step = outlook.steps[at]
    pairs = zip(outlook.nodes, step.used_mib, strict=True)
    return tuple(f"{room.node} {use_text(used, room.total_mib)}" for room, used in pairs)


def use_text(used_mib: int | None, total_mib: int | None) -> str:
    if used_mib is None or not total_mib:
        return "not known"
    share = f"{used_mib / total_mib * 100:.0f} %"
    used = max(0, used_mib)
    if total_mib >= _TIB:
        return f"{used / _TIB:.1f} of {total_mib / _TIB:.1f} TiB, {share}"
    return f"{gib(used).removesuffix(' GiB')} of {gib(total_mib)}, {share}"
