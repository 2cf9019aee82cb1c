"""What goes on in the cluster as RemoteJobs: how each is found again, and live migrations."""

import enum
from typing import Protocol

import msgspec

from console.backends import BackendError, JobReport, JobState
from console.backends.azure_local.node_rows import MigrationRow
from console.model.freshness import Fault, FaultCode
from console.model.node import Maintenance, Node
from console.model.operation import MoveProgress

TOKEN_VERSION = 1
_SHORTER = 0.9
POLL_MIGRATION_S = 1.0


class ClusterJobKind(enum.StrEnum):
    MIGRATION = "migration"
    QUICK = "quick"  # a quick migration
    SUSPEND = "suspend"
    PAUSE = "pause"  # without a drain
    RESUME = "resume"


class ClusterToken(msgspec.Struct, frozen=True, gc=False, tag="cluster"):
    """All that finds the job again: what it is about, not where it was started."""

    kind: ClusterJobKind
    operation_id: str
    vm_id: str = ""
    source: str = ""
    target: str = ""  # also the node of a suspend or resume
    version: int = TOKEN_VERSION


class _AnyToken(msgspec.Struct, gc=False):
    type: str = ""


_ANY = msgspec.json.Decoder(_AnyToken)
_TOKEN = msgspec.json.Decoder(ClusterToken)


class Observer(Protocol):
    """What a job needs to look and to stop; ``FailoverCluster`` is it."""

    async def migration_of(self, vm_id: str, source: str | None = None) -> MigrationRow | None: ...

    async def stop_migration(self, vm_id: str, operation_id: str) -> None: ...

    async def look_at_node(self, name: str) -> Node | None: ...

    async def maintenance_of(self, name: str) -> Maintenance | None: ...


def is_cluster_token(token: str) -> bool:
    try:
        return _ANY.decode(token).type == "cluster"
    except (msgspec.MsgspecError, ValueError):
        return False


def token_of(text: str) -> ClusterToken:
    """BackendError(MALFORMED) for a token that is not ours."""
    try:
        return _TOKEN.decode(text)
    except (msgspec.MsgspecError, ValueError) as error:
        fault = Fault(FaultCode.MALFORMED, "This operation's mark cannot be read.")
        raise BackendError(fault) from error


_ENDS = {
    "completed": JobState.SUCCEEDED,
    "failed": JobState.FAILED,
    "canceled": JobState.CANCELED,
    "cancelled": JobState.CANCELED,
}


class MigrationJob:
    """A live migration. It is done when the owner is the target, not when something returned."""

    def __init__(self, observer: Observer, token: ClusterToken) -> None:
        self._observer = observer
        self._about = token
        self._first_left: dict[int, float] = {}  # by pass: the most that was seen of it

    @property
    def token(self) -> str:
        return msgspec.json.encode(self._about).decode()

    @property
    def can_cancel(self) -> bool:
        return True

    async def poll(self) -> JobReport:
        seen = await self._observer.migration_of(self._about.vm_id, self._about.source or None)
        if seen is None:
            return JobReport(JobState.GONE, text="The cluster does not know this VM any more.")
        if seen.operation_id and self._about.operation_id != seen.operation_id:
            return JobReport(JobState.GONE, text="Another migration of this VM followed.")
        state = _ENDS.get(seen.phase.lower(), JobState.RUNNING)
        is_there = seen.owner_node.casefold() == self._about.target.casefold()
        if not seen.phase:
            # The job object vanishes some minutes after the end: the owner tells.
            state = JobState.SUCCEEDED if is_there else JobState.GONE
        elif state is JobState.SUCCEEDED and not is_there:
            return JobReport(JobState.GONE, text=f"The VM is on {seen.owner_node}.")
        return JobReport(
            state,
            phase=seen.phase,
            fraction=None if seen.percent is None else min(max(seen.percent / 100, 0.0), 1.0),
            text=seen.failure_text or "",
            fault=_failure(seen) if state is JobState.FAILED else None,
            poll_after_s=POLL_MIGRATION_S,
            move=self._move(seen),
        )

    def _move(self, seen: MigrationRow) -> MoveProgress | None:
        """What the cluster tells beyond a percentage; None if it tells nothing (a real one)."""
        number, left = seen.pass_number, seen.remaining_mi_b
        if number is None and seen.copied_mi_b is None and seen.blackout_ms is None:
            return None
        if number is not None and left is not None:
            self._first_left[number] = max(left, self._first_left.get(number, 0.0))
        return MoveProgress(
            pass_number=number,
            copied_mib=seen.copied_mi_b,
            remaining_mib=left,
            is_converging=_converges(self._first_left),
            blackout_ms=seen.blackout_ms,
        )

    async def cancel(self) -> None:
        await self._observer.stop_migration(self._about.vm_id, self._about.operation_id)


def _converges(first_left: dict[int, float]) -> bool | None:
    """Whether the passes get shorter; None before three of them were seen.

    Two alike may be a moment's load; a third one says that it will not end by itself.
    """
    if len(first_left) < 3:
        return None
    *_, one, two, three = (first_left[number] for number in sorted(first_left))
    return three < _SHORTER * two or two < _SHORTER * one


def _failure(seen: MigrationRow) -> Fault:
    return Fault(
        FaultCode.REJECTED,
        summary=seen.failure_text or "The live migration failed and the cluster gives no reason.",
        kept=f"The VM is on {seen.owner_node}.",
        detail=seen.failure_code or "",
    )
