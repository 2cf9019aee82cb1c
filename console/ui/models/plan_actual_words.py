"""What a plan promised beside what became of it, in words."""

from console.model.operation import OperationState
from console.model.plan import Range
from console.planning.afterwards import Afterwards, Comparison
from console.ui.models import plan_words as words
from console.ui.models.operation_words import STATE_WORDS, duration_text
from console.ui.plain_text import one_line

COLUMNS = (
    "Step", "VM", "To", "Promised start", "Started", "Promised to take", "Took", "Against promise",
    "Promised pause", "Pause", "Became of it",
)  # fmt: skip
_NOT_YET = "–"


def headline(afterwards: Afterwards) -> str:
    """How many steps were done, and the whole time against what was promised."""
    steps = afterwards.steps
    done = sum(step.state is OperationState.SUCCEEDED for step in steps)
    text = f"{done} of {len(steps)} moves done and verified" if steps else "Nothing had to be moved"
    over = [step for step in steps if step.state is not None and _is_over(step)]
    failed = len(over) - done
    if failed:
        text += f", {failed} ended otherwise"
    lost = sum(step.state is None for step in steps)
    if lost:
        text += f"; of {lost} nothing is known"
    promised = afterwards.run.finish_s
    if afterwards.took_s is None:
        whole = f"promised as a whole: {words.range_text(promised)}" if promised else ""
        return f"{text}. It goes on{'; ' + whole if whole else ''}."
    took = f"It took {duration_text(afterwards.took_s)}"
    against = _against(promised, afterwards.took_s)
    return f"{text}. {took} as a whole: {against}." if against else f"{text}. {took} as a whole."


def proof_text(afterwards: Afterwards) -> str:
    """What the look at the end said; only that says whether the node may be rebooted."""
    proof = afterwards.proof
    if not afterwards.run.proof_id:
        return ""
    if proof is None:
        return "Whether it is safe to reboot is not known."
    if proof.state is OperationState.SUCCEEDED:
        return proof.result
    if not proof.is_over:
        return "Not safe to reboot yet: whether the node is empty is looked at after the moves."
    why = proof.fault.summary if proof.fault is not None else proof.result
    return f"NOT safe to reboot. {why}"


def rows(afterwards: Afterwards) -> list[tuple[str, ...]]:
    """A row of ``COLUMNS`` for each step."""
    return [_cells(number, step) for number, step in enumerate(afterwards.steps, start=1)]


def _cells(number: int, step: Comparison) -> tuple[str, ...]:
    forecast = step.forecast
    took = _NOT_YET if step.took_s is None else duration_text(step.took_s)
    against = ""
    if step.took_s is not None and step.state is OperationState.SUCCEEDED:
        against = _against(forecast.duration_s, step.took_s)
    state = "nothing is known" if step.state is None else STATE_WORDS[step.state]
    return (
        str(number),
        one_line(forecast.move.vm_name),
        forecast.move.target,
        words.moment_text(forecast.starts_s),
        _NOT_YET if step.started_s is None else duration_text(step.started_s),
        words.moment_text(forecast.duration_s),
        took,
        against,
        words.pause_range_text(forecast.pause_ms),
        _NOT_YET if step.pause_ms is None else words.pause_range_text((step.pause_ms,) * 2),
        one_line(f"{state}. {step.result}".strip()),
    )


def _against(promised: Range | None, took_s: float) -> str:
    if promised is None:
        return "nothing was promised"
    low, high = promised
    # Shown by the second, so less than one is no difference.
    if low - 1 < took_s < high + 1:
        return "as promised"
    if took_s < low:
        return f"{duration_text(low - took_s)} sooner than promised"
    return f"{duration_text(took_s - high)} later than promised"


def _is_over(step: Comparison) -> bool:
    return step.state in (
        OperationState.SUCCEEDED,
        OperationState.FAILED,
        OperationState.BLOCKED,
        OperationState.CANCELED,
    )
