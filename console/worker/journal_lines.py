"""The journal's lines and their fold: what is shown of an operation is what its lines say."""

from collections.abc import Iterable

import msgspec

from console.model.finding import Finding
from console.model.freshness import Fault
from console.model.operation import (
    TERMINAL,
    TRANSITIONS,
    GroupRecord,
    MoveProgress,
    OperationRecord,
    OperationState,
    Progress,
    StepEntry,
)
from console.model.request import Request
from console.operations.base import SentStep

# A record is sent whole with each change: only the newest steps are, the journal holds all.
MAX_STEPS = 200
# Stands for every call whose line was lost with a damaged journal: any may have been sent.
UNREADABLE_STEP = "lost with the damaged journal"


class Intent(msgspec.Struct, frozen=True, tag="intent"):
    """What was asked, durable before anything is done about it. Never a secret."""

    request: Request
    title: str
    connection_id: str
    actor: str = ""
    group_id: str = ""
    correlation_id: str = ""
    retry_of: str = ""
    after: tuple[str, ...] = ()


class GroupIntent(msgspec.Struct, frozen=True, tag="group_intent"):
    """Several operations were asked for as one act; their own intents follow in one commit."""

    title: str
    connection_id: str
    actor: str = ""


class StateEntered(msgspec.Struct, frozen=True, tag="state"):
    """A transition; with a terminal state it is the outcome, and the last line that counts."""

    state: OperationState
    text: str = ""
    detail: str = ""
    findings: tuple[Finding, ...] = ()
    fault: Fault | None = None
    can_cancel: bool = False  # whether a cancel means something in this state
    measured: MoveProgress | None = None  # at the end of a move


class Sending(msgspec.Struct, frozen=True, tag="sending"):
    """A call is about to leave: from here on nothing of ``step`` is sent again without looking.

    ``seen``: what a later look is held against, as it was just before.
    """

    step: str
    command: str = ""
    seen: str = ""


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """The other end took the call; ``token`` finds its job again."""

    step: str
    token: str


class Progressed(msgspec.Struct, frozen=True, tag="progress"):
    progress: Progress
    detail: str = ""


class Noted(msgspec.Struct, frozen=True, tag="note"):
    """Something seen on the way that changes no state (contact lost, no progress)."""

    text: str
    detail: str = ""


class CancelAsked(msgspec.Struct, frozen=True, tag="cancel_asked"):
    actor: str = ""


class StopAsked(msgspec.Struct, frozen=True, tag="stop_asked"):
    """Of a group: what has not begun does not begin."""

    actor: str = ""


class Reordered(msgspec.Struct, frozen=True, tag="reordered"):
    """It was put before these, which waited; ``number`` grows with every such line of a journal."""

    number: int
    ahead_of: tuple[str, ...]
    text: str


Body = (
    Intent
    | GroupIntent
    | StateEntered
    | Sending
    | Accepted
    | Progressed
    | Noted
    | CancelAsked
    | StopAsked
    | Reordered
)


class Line(msgspec.Struct, frozen=True):
    """One line of the journal; ``at`` is wall time and for people only, order is the file's."""

    operation_id: str
    at: float
    body: Body


def kind_of(body: Body) -> str:
    return str(body.__struct_config__.tag)


def fold(lines: Iterable[Line]) -> OperationRecord | None:
    """The record that these lines of one operation make; None before its intent.

    Total: any prefix and any order is valid, what does not fit is passed over.
    """
    record: OperationRecord | None = None
    for line in lines:
        record = apply(record, line)
    return record


def apply(record: OperationRecord | None, line: Line) -> OperationRecord | None:
    """The record after one more line. The first terminal state is final."""
    body = line.body
    if record is None:
        return _begin(line.operation_id, line.at, body) if isinstance(body, Intent) else None
    if record.is_over:
        return record
    match body:
        case Intent() | GroupIntent() | StopAsked():
            return record
        case StateEntered():
            return _enter(record, line.at, body)
        case Sending(step=step, command=command):
            commands = record.commands
            if command and command not in commands:
                commands = (*commands, command)
            return _stepped(
                msgspec.structs.replace(record, commands=commands),
                line.at,
                f"Sending: {step}",
                command,
            )
        case Accepted(step=step):
            return _stepped(record, line.at, f"Accepted: {step}")
        case Progressed(progress=progress, detail=detail):
            known = record.progress
            after = msgspec.structs.replace(record, progress=progress)
            if detail or known is None or known.phase != progress.phase:
                text = f"{progress.phase}: {progress.text}" if progress.text else progress.phase
                return _stepped(after, line.at, text, detail)
            return after
        case Noted(text=text, detail=detail):
            return _stepped(record, line.at, text, detail)
        case Reordered(text=text):
            return _stepped(record, line.at, text)
        case CancelAsked(actor=actor):
            text = f"Cancel asked by {actor}" if actor else "Cancel asked"
            return _stepped(msgspec.structs.replace(record, cancel_requested=True), line.at, text)


def fold_group(lines: Iterable[Line]) -> GroupRecord | None:
    """The group that these lines make; None before its intent. As total as ``fold``."""
    group: GroupRecord | None = None
    for line in lines:
        match line.body:
            case GroupIntent(title=title, actor=actor) if group is None:
                group = GroupRecord(line.operation_id, title, line.at, actor)
            case CancelAsked() if group is not None:
                group = msgspec.structs.replace(group, cancel_requested=True)
            case StopAsked() if group is not None:
                group = msgspec.structs.replace(group, stop_requested=True)
            case Noted() if group is not None:
                # What is asked for again after a cancel or a stop is not touched by it.
                group = msgspec.structs.replace(group, cancel_requested=False, stop_requested=False)
            case _:
                pass
    return group


def after_sent(sent: tuple[SentStep, ...], body: Body) -> tuple[SentStep, ...]:
    """The calls that may have been sent, after one more line: one entry a step, newest last."""
    match body:
        case Sending(step=step, seen=seen):
            return (*(known for known in sent if known.step != step), SentStep(step, "", seen))
        case Accepted(step=step, token=token):
            seen = next((known.seen for known in sent if known.step == step), "")
            return (*(known for known in sent if known.step != step), SentStep(step, token, seen))
        case _:
            return sent


def sent_steps(lines: Iterable[Line]) -> tuple[SentStep, ...]:
    """Which calls may have been sent, with the newest handle of each."""
    sent: tuple[SentStep, ...] = ()
    for line in lines:
        sent = after_sent(sent, line.body)
    return sent


def _begin(operation_id: str, at: float, intent: Intent) -> OperationRecord:
    return OperationRecord(
        id=operation_id,
        request=intent.request,
        title=intent.title,
        state=OperationState.QUEUED,
        created_at=at,
        actor=intent.actor,
        group_id=intent.group_id,
        retry_of=intent.retry_of,
        after=intent.after,
        can_cancel=True,
        steps=(StepEntry(at, OperationState.QUEUED, "Asked for"),),
    )


def _enter(record: OperationRecord, at: float, body: StateEntered) -> OperationRecord:
    state = body.state
    if state is not record.state and state not in TRANSITIONS[record.state]:
        return record
    is_over = state in TERMINAL
    after = msgspec.structs.replace(
        record,
        state=state,
        started_at=at
        if state is OperationState.RUNNING and record.started_at is None
        else record.started_at,
        ended_at=at if is_over else None,
        findings=body.findings or record.findings,
        fault=body.fault,
        can_cancel=body.can_cancel,
        measured=body.measured,
        result=body.text if is_over or state is OperationState.UNKNOWN else "",
        # Shown progress runs ahead of its journalled marks; an ended record is its lines alone.
        progress=None if is_over else record.progress,
        queue_position=None,
    )
    return _stepped(after, at, body.text or state.value, body.detail)


def _stepped(record: OperationRecord, at: float, text: str, detail: str = "") -> OperationRecord:
    steps = (*record.steps, StepEntry(at, record.state, text, detail))
    return msgspec.structs.replace(record, steps=steps[-MAX_STEPS:])
