"""An operation's record: what was asked, what became of it, and the allowed ways between."""

import enum

import msgspec

from console.model.finding import Finding
from console.model.freshness import Fault
from console.model.request import Request


class OperationState(enum.StrEnum):
    """Where an operation stands. ``UNKNOWN`` is not a failure: it is resolved by looking."""

    QUEUED = "Queued"
    CHECKING = "Checking"
    BLOCKED = "Blocked"
    RUNNING = "Running"
    VERIFYING = "Verifying"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"
    UNKNOWN = "Unknown"


_S = OperationState
TRANSITIONS: dict[OperationState, frozenset[OperationState]] = {
    _S.QUEUED: frozenset({_S.CHECKING, _S.CANCELED, _S.UNKNOWN}),
    _S.CHECKING: frozenset({_S.QUEUED, _S.RUNNING, _S.BLOCKED, _S.CANCELED, _S.FAILED, _S.UNKNOWN}),
    # Running -> Queued only after a restart, if nothing had been sent.
    _S.RUNNING: frozenset(
        {_S.QUEUED, _S.VERIFYING, _S.SUCCEEDED, _S.FAILED, _S.CANCELED, _S.UNKNOWN}
    ),
    _S.VERIFYING: frozenset({_S.SUCCEEDED, _S.FAILED, _S.CANCELED, _S.UNKNOWN}),
    _S.UNKNOWN: frozenset({_S.RUNNING, _S.VERIFYING, _S.SUCCEEDED, _S.FAILED, _S.CANCELED}),
    _S.BLOCKED: frozenset(),
    _S.SUCCEEDED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELED: frozenset(),
}
TERMINAL = frozenset(state for state, following in TRANSITIONS.items() if not following)


# How the step begins that tells of a standstill; what moves again has a later step.
NO_PROGRESS = "No progress for"


# How the step of a waiting operation begins that tells for what, and the one that ends that.
WAITS = ("Waits for", "Waiting:")
WAITS_FOR_NOTHING = "What it waited for has ended"


# The journal keeps so many finished operations, the newest; unfinished ones always.
KEPT_OPERATIONS = 100_000


class MoveProgress(msgspec.Struct, frozen=True, gc=False):
    """How a live migration goes, as far as the cluster tells it: None is "not told".

    Memory in MiB. ``is_converging`` is False if passes do not get shorter: the VM writes memory
    as fast as the link carries it.
    """

    pass_number: int | None = None
    copied_mib: float | None = None
    remaining_mib: float | None = None
    rate_mib_s: float | None = None
    is_converging: bool | None = None
    blackout_ms: float | None = None


class DrainProgress(msgspec.Struct, frozen=True, gc=False):
    """Which VMs left a node since its drain began to be watched, and which are still on it.

    ``stuck``: name and reason of each whose latest attempt failed.
    """

    left: tuple[str, ...] = ()
    remaining: tuple[str, ...] = ()
    stuck: tuple[tuple[str, str], ...] = ()


class Progress(msgspec.Struct, frozen=True, gc=False):
    """How far a running operation is. ``fraction`` is 0..1, None where nobody can tell."""

    phase: str
    fraction: float | None = None
    text: str = ""
    remaining_s: float | None = None
    move: MoveProgress | None = None
    drain: DrainProgress | None = None


class StepEntry(msgspec.Struct, frozen=True, gc=False):
    """One line of an operation's log, as journalled."""

    at: float
    state: OperationState
    text: str
    detail: str = ""


class OperationRecord(msgspec.Struct, frozen=True):
    """The shown state of one operation: always the fold of its journal lines."""

    id: str
    request: Request
    title: str
    state: OperationState
    created_at: float
    actor: str = ""
    group_id: str = ""
    retry_of: str = ""  # the operation that this one asks for again
    after: tuple[str, ...] = ()  # operations that must have ended before this one may start
    started_at: float | None = None
    ended_at: float | None = None
    progress: Progress | None = None
    queue_position: int | None = None
    cancel_requested: bool = False
    can_cancel: bool = False
    findings: tuple[Finding, ...] = ()
    fault: Fault | None = None
    measured: MoveProgress | None = None  # of a move that ended, as far as the cluster told it
    result: str = ""  # one sentence on what was seen at the end
    commands: tuple[str, ...] = ()  # the API calls and cmdlets used, secrets masked
    steps: tuple[StepEntry, ...] = ()

    @property
    def is_over(self) -> bool:
        return self.state in TERMINAL


def stalled_since(record: OperationRecord) -> float | None:
    """Wall-clock seconds at which it was said that nothing moves; None while something does."""
    if record.is_over or record.state is OperationState.UNKNOWN or not record.steps:
        return None
    last = record.steps[-1]
    return last.at if last.text.startswith(NO_PROGRESS) else None


def waiting_reason(record: OperationRecord) -> str:
    """For what a queued operation waits, besides its turn; empty if for nothing."""
    if record.state is not OperationState.QUEUED:
        return ""
    for step in reversed(record.steps):
        if step.state is not OperationState.QUEUED or step.text.startswith(WAITS_FOR_NOTHING):
            break
        if step.text.startswith(WAITS):
            return step.text
    return ""


class GroupRecord(msgspec.Struct, frozen=True):
    """Several operations asked for as one act; how they stand is read from their own records
    (``console.model.group``), so that the two can never disagree.
    """

    id: str
    title: str
    created_at: float
    actor: str = ""
    cancel_requested: bool = False
    stop_requested: bool = False  # what had not begun by then does not begin
