"""A quick migration as a RemoteJob. The cluster names no such job: VM, group and owner tell it."""

import time
from collections.abc import Callable

import msgspec

from console.backends import BackendError, JobReport, JobState
from console.backends.azure_local.cluster_jobs import ClusterToken, Observer
from console.backends.azure_local.node_rows import MigrationRow
from console.model.freshness import Fault, FaultCode
from console.model.operation import MoveProgress

_POLL_S = 1.0
# Accepted, and nothing is seen of it for so long: it is looked at where it is.
_NOTHING_HAPPENS_S = 60.0
_BETWEEN = frozenset({"saving", "fastsaving", "starting", "resuming"})
_AT_REST = frozenset({"off", "saved", "fastsaved"})


def is_on_its_way(seen: MigrationRow) -> bool:
    """Whether the VM is being saved, handed over or resumed."""
    state, group = _words(seen)
    return state in _BETWEEN or (state in _AT_REST and group == "pending")


class QuickMigrationJob:
    """Done when the owner is the target and the VM runs there, or rests there as it did before."""

    can_cancel = False

    def __init__(
        self,
        observer: Observer,
        token: ClusterToken,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._observer = observer
        self._about = token
        self._monotonic = monotonic
        self._began_at = monotonic()
        self._ran_at: float | None = None  # when it was last seen running on the source
        self._has_begun = False
        self._fell = False  # it ran, and then it was off: what its memory held is gone

    @property
    def token(self) -> str:
        return msgspec.json.encode(self._about).decode()

    async def cancel(self) -> None:
        fault = Fault(
            FaultCode.REJECTED,
            summary="A quick migration cannot be cancelled once it has begun.",
            remedy="Wait for its end, which takes seconds; then move the VM back.",
        )
        raise BackendError(fault)

    async def poll(self) -> JobReport:
        seen = await self._observer.migration_of(self._about.vm_id, self._about.source or None)
        if seen is None:
            return JobReport(JobState.GONE, text="The cluster does not know this VM any more.")
        state, group = _words(seen)
        is_there = seen.owner_node.casefold() == self._about.target.casefold()
        is_home = seen.owner_node.casefold() == self._about.source.casefold()
        self._fell = self._fell or (
            state == "off" and (self._ran_at is not None or self._has_begun)
        )
        if is_there and state == "running" and self._fell:
            text = "The VM was lost on the way and started again."
            fault = Fault(FaultCode.REJECTED, text, kept=f"The VM is on {seen.owner_node}.")
            return JobReport(JobState.FAILED, phase="Failed", fault=fault)
        if is_there and state == "running":
            return JobReport(
                JobState.SUCCEEDED, phase="Completed", fraction=1.0, move=self._measured()
            )
        if is_there and state in _AT_REST and group == "offline":
            return JobReport(JobState.SUCCEEDED, phase="Completed", fraction=1.0)
        if not is_there and not is_home:
            return JobReport(JobState.GONE, text=f"The VM is on {seen.owner_node}.")
        self._has_begun = self._has_begun or is_there or is_on_its_way(seen)
        if is_home and not is_on_its_way(seen):
            return self._at_home(seen, state, group)
        phase, fraction = _phase(state, is_there)
        return JobReport(JobState.RUNNING, phase, fraction, poll_after_s=_POLL_S)

    def _at_home(self, seen: MigrationRow, state: str, group: str) -> JobReport:
        """Nothing is seen of it: not yet, or it came to nothing."""
        if self._has_begun or group == "failed":
            code = seen.failure_code or ""
            fault = Fault(
                FaultCode.REJECTED,
                summary=seen.failure_text
                or f"The quick migration came to nothing and the VM is {state or 'not readable'}.",
                kept=f"The VM is on {seen.owner_node}.",
                detail=code,
            )
            return JobReport(JobState.FAILED, phase="Failed", fault=fault)
        if state == "running":
            self._ran_at = self._monotonic()
        if self._monotonic() - self._began_at > _NOTHING_HAPPENS_S:
            return JobReport(JobState.GONE, text="Nothing was seen of the quick migration.")
        return JobReport(JobState.RUNNING, "Queued", 0.0, poll_after_s=_POLL_S)

    def _measured(self) -> MoveProgress | None:
        """How long it stood still at most, as these looks saw it; None if none saw it begin."""
        since = self._ran_at
        if since is None:
            since = self._began_at if self._has_begun and self._about.operation_id else None
        if since is None:
            return None
        return MoveProgress(blackout_ms=1000.0 * (self._monotonic() - since))


def _words(seen: MigrationRow) -> tuple[str, str]:
    return (seen.vm_state or "").lower(), (seen.group_state or "").lower()


def _phase(state: str, is_there: bool) -> tuple[str, float]:
    """A quick migration tells no percentage: the share stands for its three parts."""
    if state in ("saving", "fastsaving"):
        return "Saving", 0.1
    if state in ("starting", "resuming"):
        return "Resuming", 0.6
    return "Moving", 0.55 if is_there else 0.5
