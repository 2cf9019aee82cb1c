"""What the drawer says of operations, groups and moves by others: words only, no widgets."""

import functools
import re
import time
from collections.abc import Iterable, Sequence
from datetime import datetime

from console.model.foreign_move import ForeignMove, ForeignMoveState
from console.model.group import GroupStanding
from console.model.operation import (
    DrainProgress,
    GroupRecord,
    OperationRecord,
    OperationState,
    Progress,
    stalled_since,
    waiting_reason,
)
from console.model.request import LiveMigrate
from console.ui.models.move_words import ordinal
from console.ui.plain_text import one_line, plain

STATE_WORDS = {
    OperationState.QUEUED: "Waiting",
    OperationState.CHECKING: "Checking",
    OperationState.BLOCKED: "Not started",
    OperationState.RUNNING: "Running",
    OperationState.VERIFYING: "Verifying",
    OperationState.SUCCEEDED: "Done, verified",
    OperationState.FAILED: "Failed",
    OperationState.CANCELED: "Cancelled",
    OperationState.UNKNOWN: "Not known, looking",
}


def duration_text(seconds: float) -> str:
    """As a person says it: 8 s, 2 min 05 s, 1 h 10 min."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


@functools.lru_cache(maxsize=4096)
def when_text(at: float) -> str:
    """A moment on this computer's clock."""
    return datetime.fromtimestamp(at).strftime("%d %b %H:%M:%S")


def state_text(record: OperationRecord) -> str:
    """The state in words a person needs, with what is asked of it."""
    state = record.state
    if state is OperationState.UNKNOWN or record.is_over:
        return STATE_WORDS[state]
    if record.cancel_requested:
        return "Cancelling…"
    if state is OperationState.QUEUED and record.queue_position:
        return f"Waiting, number {record.queue_position}"
    return "Stalled" if stalled_since(record) is not None else STATE_WORDS[state]


def progress_text(record: OperationRecord) -> str:
    """Where it stands, or how it ended."""
    if record.is_over:
        if record.fault is not None:
            return record.fault.summary
        blocking = [finding.text for finding in record.findings]
        return record.result or (blocking[0] if blocking else "")
    if record.state is OperationState.UNKNOWN:
        return record.fault.summary if record.fault is not None else record.result
    if stalled_since(record) is not None:
        return _stalled_text(record)
    if record.progress is None or record.state is OperationState.QUEUED:
        return waiting_reason(record) or _line_text(record)
    is_move = isinstance(record.request, LiveMigrate)
    phase = record.progress.phase
    words = [
        move_text(record.progress) or (_MOVE_PHASES.get(phase, phase) if is_move else phase),
        record.progress.text,
    ]
    if record.progress.remaining_s is not None:
        words.append(f"about {duration_text(record.progress.remaining_s)} left")
    drain = record.progress.drain
    if drain is not None and drain.stuck:
        words.append(f"{len(drain.stuck)} could not leave")
    return ", ".join(word for word in words if word)


_MOVE_PHASES = {
    "Queued": "Waiting for a slot in the cluster",
    "Setup": "Setting up",
    "Memory": "Copying memory",
    "Blackout": "Switching over",
    "Cleanup": "Tidying up; it runs on the target",
    "Saving": "Saving its memory; it stands still",
    "Moving": "Changing hands; it stands still",
    "Resuming": "Reading its memory back; it stands still",
}


def move_text(progress: Progress) -> str:
    """How a move goes in one line: phase, pass, what is left, how fast; empty if not told."""
    move = progress.move
    if move is None:
        return ""
    words = [_MOVE_PHASES.get(progress.phase, progress.phase)]
    if progress.phase == "Memory":
        if move.pass_number is not None:
            words[0] += f", pass {move.pass_number}"
        if move.remaining_mib is not None:
            words.append(f"{_mib_text(move.remaining_mib)} left")
        if move.rate_mib_s is not None:
            words.append(f"{move.rate_mib_s:.0f} MiB/s")
        if move.is_converging is False:
            words.append("not converging: the VM writes memory as fast as it is copied")
        if move.copied_mib:
            # More than its memory, if pages had to be copied again.
            words.append(f"{_mib_text(move.copied_mib)} copied so far")
    if move.blackout_ms is not None:
        words.append(f"pause {move.blackout_ms:.0f} ms")
    return " · ".join(words)


def _mib_text(mib: float) -> str:
    return f"{mib / 1024:.1f} GiB" if mib >= 1024 else f"{mib:.0f} MiB"


def _stalled_text(record: OperationRecord) -> str:
    """The step tells how long it had stood still by then; that goes on until a later step."""
    said = record.steps[-1]
    before = re.search(r"\d+", said.text)
    still = time.time() - said.at + (int(before.group()) if before else 0)
    return f"Stalled: no progress for {duration_text(still)}"


def _line_text(record: OperationRecord) -> str:
    position = record.queue_position
    if record.state is not OperationState.QUEUED or not position:
        return ""
    for_what = f" for {record.request.target}" if isinstance(record.request, LiveMigrate) else ""
    return f"waits: {ordinal(position)} in line{for_what}"


# -- groups ------------------------------------------------------------------------------------
def group_state_text(group: GroupRecord | None, now: GroupStanding) -> str:
    """One word for the whole; nothing hides what is not known."""
    if group is not None and not now.is_over and not now.unknown:
        if group.cancel_requested:
            return "Cancelling…"
        if group.stop_requested and not now.waiting:
            return "Stopping: what runs goes on"
    return STATE_WORDS[now.state]


def counts_text(now: GroupStanding) -> str:
    """9 of 12 done, 1 failed, 2 waiting."""
    others = (
        (now.unknown, "not known"),
        (now.failed, "failed"),
        (now.canceled, "cancelled"),
        (now.running, "running"),
        (now.waiting, "waiting"),
    )
    words = [f"{count} {word}" for count, word in others if count]
    return ", ".join([f"{now.succeeded} of {now.total} done", *words])


# -- moves by others ---------------------------------------------------------------------------
_FOREIGN_WORDS = {
    ForeignMoveState.MOVING: "Moving",
    ForeignMoveState.ARRIVED: "Arrived",
    ForeignMoveState.ENDED: "Ended",
    ForeignMoveState.NOT_SEEN: "Moved",
}


def foreign_title(move: ForeignMove) -> str:
    return f"Move {move.vm_name}: {move.source or '?'} → {move.target or '?'}"


def foreign_state_text(move: ForeignMove) -> str:
    return _FOREIGN_WORDS[move.state]


def foreign_progress_text(move: ForeignMove) -> str:
    match move.state:
        case ForeignMoveState.MOVING:
            percent = f", {move.percent} %" if move.percent is not None else ""
            return f"started by someone else{percent}"
        case ForeignMoveState.ARRIVED:
            return f"started by someone else, seen on {move.target}"
        case ForeignMoveState.ENDED:
            where = f" and was not seen on {move.target}" if move.target else ""
            return f"started by someone else, no longer moves{where}"
    return "moved by someone else between two readings"


def foreign_story(move: ForeignMove) -> str:
    """All that is known of it, with what the times mean."""
    lines = [
        f"First seen: {when_text(move.first_seen)}",
        f"Last seen: {when_text(move.last_seen)}",
        "",
        "Another console, another tool or the cluster itself started this. The times are those of "
        "this console's readings: it began and ended somewhat earlier.",
        "It cannot be cancelled or repeated from here.",
    ]
    return "\n".join(lines)


# -- stories -----------------------------------------------------------------------------------
def story(record: OperationRecord, earlier: Sequence[OperationRecord] = ()) -> str:
    """The whole log of an operation as plain text, with what was found and what to do next.

    ``earlier``: the attempts that it repeats, newest first; their logs follow.
    """
    parts = [_log(record)]
    for attempt in earlier:
        title = f"Earlier attempt of {when_text(attempt.created_at)}: {state_text(attempt)}"
        parts.append(f"{title}\n{_log(attempt)}")
    return plain("\n\n".join(parts))


def _log(record: OperationRecord) -> str:
    lines = []
    if len(record.steps) >= _STEPS_SENT:
        lines.append(f"(The newest {_STEPS_SENT} steps; the journal holds those before them.)")
    for step in record.steps:
        at = datetime.fromtimestamp(step.at).strftime("%H:%M:%S")
        lines.append(f"{at}  {step.text}" + (f"  ({step.detail})" if step.detail else ""))
    for finding in record.findings:
        lines.append(f"Check, {finding.severity}: {finding.text}")
        if finding.remedy:
            lines.append(f"    What to do: {finding.remedy}")
    if record.fault is not None:
        fault = record.fault
        lines.append(f"What happened: {fault.summary}")
        lines += [f"Kept: {fault.kept}"] if fault.kept else []
        lines += [f"What to do next: {fault.remedy}"] if fault.remedy else []
        lines += [f"Detail: {fault.detail}"] if fault.detail else []
    if record.progress is not None and record.progress.drain is not None and not record.is_over:
        lines += _drain_lines(record.progress.drain)
    return "\n".join(lines)


def _drain_lines(drain: DrainProgress) -> list[str]:
    """Who has left, who is still there, and who could not leave, of a drain that goes on."""
    lines = [f"Left: {', '.join(drain.left)}"] if drain.left else []
    lines += [f"Still there: {', '.join(drain.remaining)}"] if drain.remaining else []
    return lines + [f"Could not leave: {name}: {why}" for name, why in drain.stuck]


_TOLD = 40
# A record comes with no more; console.worker.journal_lines sets it.
_STEPS_SENT = 200
_WORST_FIRST = (
    OperationState.UNKNOWN,
    OperationState.FAILED,
    OperationState.BLOCKED,
    OperationState.CANCELED,
)


def group_story(children: Iterable[OperationRecord]) -> str:
    """What a person has to look at, the worst first; hundreds that go well need no words."""
    rank = {state: at for at, state in enumerate(_WORST_FIRST)}
    told = sorted(
        (record for record in children if record.state in rank), key=lambda r: rank[r.state]
    )
    lines = []
    for record in told[:_TOLD]:
        outcome = one_line(progress_text(record))
        title = f"{state_text(record)}: {one_line(record.title)}"
        lines.append(f"{title}. {outcome}" if outcome else title)
    if len(told) > _TOLD:
        lines.append(f"and {len(told) - _TOLD} more: unfold the group to see them.")
    return "\n".join(lines) or "Nothing of it went wrong so far."
