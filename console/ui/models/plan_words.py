"""A drain plan in words: what a person reads, and the same as Markdown to hand on."""

from collections.abc import Sequence

from console.model.plan import DrainPlan, PlannedMove, Range
from console.ui.models.operation_words import duration_text
from console.ui.models.vm_columns import memory_text
from console.ui.plain_text import one_line

COLUMNS = ("Step", "VM", "Memory", "To", "Free there then", "N+1 then", "Starts", "Ends", "Notes")
STAY_COLUMNS = ("Stays behind", "Why", "What helps")
# Emptied is not yet safe: new VMs may still be placed, and only a drain looks at everything.
WHAT_NEXT = (
    "Nothing has been moved yet. Each move is checked again before it starts. Afterwards choose "
    "Drain on the node: it pauses it, keeps new VMs away, takes what stayed behind and looks "
    "whether it is empty. Do not reboot it before that."
)


def headline(plan: DrainPlan) -> str:
    """How much it is and how long it takes."""
    if plan.refusal:
        return plan.refusal
    count = len(plan.moves)
    if not count and not plan.stays:
        return f"There is no VM on {plan.node}."
    moves = f"{count} move{'' if count == 1 else 's'}" if count else "Nothing can be moved"
    takes = ""
    if count:
        takes = f", {range_text(plan.finish_s)}" if plan.finish_s else ", how long is not known"
    stays = len(plan.stays)
    behind = f". {stays} VM{'' if stays == 1 else 's'} would stay behind" if stays else ""
    return f"Empty {plan.node}: {moves}{takes}{behind}."


def reserve_text(plan: DrainPlan) -> str:
    """Whether the nodes that stay could bear the loss of one more of them (N+1)."""
    if not plan.moves:
        return ""
    if plan.reserve_lost_at is not None:
        return (
            f"From step {plan.reserve_lost_at} on, the other nodes could not restart everything "
            "if one of them failed (N+1 lost)."
        )
    if any(move.survives_node_loss is None for move in plan.moves):
        return "Whether the other nodes could bear the loss of one more (N+1) is not known."
    return "At every step the other nodes could bear the loss of one more (N+1 kept)."


def notes_of_all(plan: DrainPlan) -> tuple[str, ...]:
    """Notes that hold for every move: said once, not in every row."""
    if not plan.moves:
        return ()
    shared = set.intersection(*(set(move.notes) for move in plan.moves))
    return tuple(note for note in plan.moves[0].notes if note in shared)


def rows(plan: DrainPlan) -> list[tuple[str, ...]]:
    """The moves in order, a row of ``COLUMNS`` each."""
    shared = notes_of_all(plan)
    return [_cells(at, move, shared) for at, move in enumerate(plan.moves, start=1)]


def range_text(seconds: Range) -> str:
    """about 2 min to 7 min."""
    low, high = (duration_text(value) for value in seconds)
    return f"about {low}" if low == high else f"about {low} to {high}"


def _cells(number: int, move: PlannedMove, shared: tuple[str, ...]) -> tuple[str, ...]:
    kept = {True: "kept", False: "lost", None: "not known"}[move.survives_node_loss]
    return (
        str(number),
        one_line(move.vm_name),
        memory_text(move.memory_mib),
        move.target,
        memory_text(move.target_free_mib),
        kept,
        _moment(move.starts_s),
        _moment(move.ends_s),
        one_line(" ".join(note for note in move.notes if note not in shared)),
    )


def markdown(plan: DrainPlan) -> str:
    """The whole plan as a document; names from outside cannot break its tables."""
    lines = [f"# {_cell(headline(plan))}", "", _cell(reserve_text(plan)), ""]
    lines += [f"- {_cell(note)}" for note in notes_of_all(plan)]
    lines += ["", *_table(COLUMNS, rows(plan))]
    if plan.stays:
        behind = [(vm.vm_name, vm.why, vm.fix) for vm in plan.stays]
        lines += ["", *_table(STAY_COLUMNS, behind)]
    return "\n".join([*lines, "", WHAT_NEXT, ""])


def _moment(seconds: Range | None) -> str:
    if seconds is None:
        return "not known"
    low, high = (duration_text(value) for value in seconds)
    return low if low == high else f"{low} – {high}"


def _table(titles: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> list[str]:
    def line(row: tuple[str, ...]) -> str:
        return "| " + " | ".join(map(_cell, row)) + " |"

    return [line(titles), "|" + " --- |" * len(titles), *map(line, lines)]


def _cell(text: str) -> str:
    escaped = one_line(text)
    for sign in "\\`*_[]<>|#":
        escaped = escaped.replace(sign, f"\\{sign}")
    return escaped
