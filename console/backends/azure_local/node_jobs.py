"""A node on its way into or out of maintenance, as a RemoteJob."""

import msgspec

from console.backends import BackendError, JobReport, JobState
from console.backends.azure_local.cluster_jobs import ClusterJobKind, ClusterToken, Observer
from console.model.freshness import Fault, FaultCode
from console.model.node import DrainStatus, Maintenance, Node, NodeState, RemainingVm
from console.model.operation import DrainProgress

POLL_NODE_S = 2.0
_TOLD = 5


class NodeJob:
    """A drain, a pause or a resume. The cluster cannot be asked to stop it."""

    can_cancel = False

    def __init__(self, observer: Observer, token: ClusterToken) -> None:
        self._observer = observer
        self._about = token
        self._left: dict[str, str] = {}  # by key: the names of those that left, as seen
        self._there: dict[str, RemainingVm] = {}

    @property
    def token(self) -> str:
        return msgspec.json.encode(self._about).decode()

    async def cancel(self) -> None:
        fault = Fault(
            FaultCode.REJECTED,
            summary="A drain cannot be stopped; resume the node instead.",
        )
        raise BackendError(fault)

    async def poll(self) -> JobReport:
        if self._about.kind is ClusterJobKind.SUSPEND:
            return self._drained(await self._observer.maintenance_of(self._about.target))
        wanted = NodeState.PAUSED if self._about.kind is ClusterJobKind.PAUSE else NodeState.UP
        return self._reached(wanted, await self._observer.look_at_node(self._about.target))

    def _reached(self, wanted: NodeState, node: Node | None) -> JobReport:
        if node is None:
            return _NO_NODE
        state = JobState.SUCCEEDED if node.state is wanted else JobState.RUNNING
        return JobReport(state, phase=node.state.value, poll_after_s=POLL_NODE_S)

    def _drained(self, seen: Maintenance | None) -> JobReport:
        if seen is None:
            return _NO_NODE
        drain, news = self._watched(seen)
        match seen.drain:
            case DrainStatus.COMPLETED:
                return JobReport(
                    JobState.SUCCEEDED, phase="Drained", fraction=1.0, drain=drain, news=news
                )
            case DrainStatus.FAILED:
                return JobReport(
                    JobState.FAILED, phase="Failed", fault=_failure(seen), drain=drain, news=news
                )
            case DrainStatus.NOT_INITIATED:
                return JobReport(JobState.GONE, text=f"{seen.node} is not being drained.")
        if drain is None:
            return JobReport(JobState.RUNNING, phase="Draining", poll_after_s=POLL_NODE_S)
        total = len(drain.left) + len(drain.remaining)
        return JobReport(
            JobState.RUNNING,
            phase="Draining",
            fraction=len(drain.left) / total if total else None,
            text=f"{len(drain.left)} of {total} have left",
            poll_after_s=POLL_NODE_S,
            drain=drain,
            news=news,
        )

    def _watched(self, seen: Maintenance) -> tuple[DrainProgress | None, str]:
        """Who left since it is watched and who is there; a line for what changed since last."""
        if seen.vms is None:
            return None, ""
        now = {vm.vm_key or vm.name: vm for vm in seen.vms}
        gone = {key: vm for key, vm in self._there.items() if key not in now}
        new_stuck = [
            vm
            for key, vm in now.items()
            if vm.why and key in self._there and self._there[key].why != vm.why
        ]
        for key, vm in gone.items():
            self._left[key] = vm.name
        for key in now:
            self._left.pop(key, None)  # it came back
        self._there = now
        words = [f"left: {_names([vm.name for vm in gone.values()])}"] if gone else []
        words += [f"{vm.name} did not leave: {vm.why}" for vm in new_stuck[:_TOLD]]
        progress = DrainProgress(
            left=tuple(self._left.values()),
            remaining=tuple(vm.name for vm in seen.vms),
            stuck=tuple((vm.name, vm.why) for vm in seen.vms if vm.why),
        )
        return progress, "; ".join(words)


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return ", ".join(names[:_TOLD]) + more


def _failure(seen: Maintenance) -> Fault:
    stuck = [f"{vm.name}: {vm.why}" for vm in seen.vms or () if vm.why]
    return Fault(
        FaultCode.REJECTED,
        summary=seen.drain_failure or f"{seen.node} could not be drained: not every VM could move.",
        remedy="Look at the VMs that are still on it.",
        kept="The node stays paused; what has left stays where it went.",
        detail="\n".join(stuck[:50]),
    )


_NO_NODE = JobReport(JobState.GONE, text="The cluster does not know this node any more.")
