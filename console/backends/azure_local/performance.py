"""The cluster's performance history: asked of the right node, in the figure's own units."""

import msgspec

from console.backends import BackendError
from console.backends.azure_local import cluster_records, node_rows
from console.backends.azure_local.connections import Clock
from console.backends.azure_local.node_faults import node_fault
from console.backends.azure_local.node_session import NodeRefusal
from console.backends.azure_local.node_sessions import NodeSessions
from console.catalog import HistorySeries, load_performance_history
from console.model.freshness import Fault, FaultCode
from console.model.performance import FigureSeries, PerformanceHistory, TimeFrame

_HISTORY = msgspec.json.Decoder(node_rows.PerformanceHistoryRow)


class HistoryReader:
    """Reads in sessions of its own, which the watcher does not share. Raises BackendError only."""

    def __init__(self, sessions: NodeSessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def of_vm(self, vm_key: str, owner: str, frame: TimeFrame) -> PerformanceHistory:
        """Only the node that owns a VM can tell of it."""
        node = self._sessions.spelled(owner)
        if node is None:
            raise BackendError(
                Fault(
                    FaultCode.UNREACHABLE,
                    f"Its node, {owner or 'not known'}, is not in the profile.",
                    remedy="Add the node's address to the profile.",
                    kept="What was seen in this window stays.",
                )
            )
        parameters = {"VMId": vm_key, "TimeFrame": str(frame)}
        return await self._read(node, "Get-TlcVmHistory", parameters, f"vm:{vm_key}", frame)

    async def of_node(self, name: str, frame: TimeFrame) -> PerformanceHistory:
        """Any node tells of any other, of one that is silent too: the one that answered last first,
        since waiting for a silent one would cost its whole patience.
        """
        parameters = {"Name": name, "TimeFrame": str(frame)}
        failure: BackendError | None = None
        for node in self._sessions.in_order():
            try:
                subject = f"node:{name}"
                return await self._read(node, "Get-TlcNodeHistory", parameters, subject, frame)
            except BackendError as error:
                failure = failure or error
                if error.fault.code in _ANSWERED:
                    break
        if failure is None:
            raise BackendError(
                Fault(
                    FaultCode.REJECTED,
                    "This profile names no node of the cluster.",
                    remedy="Add the nodes to the profile.",
                )
            )
        raise failure

    async def _read(
        self, node: str, function: str, parameters: dict[str, str], subject: str, frame: TimeFrame
    ) -> PerformanceHistory:
        try:
            text = await self._sessions.read_aside(node, function, parameters)
        except NodeRefusal as refusal:
            raise _refused(node, refusal) from refusal
        row = cluster_records.decode(text, node, _HISTORY)
        of = subject.partition(":")[0]
        known = [each for each in load_performance_history().series if each.of == of]
        told = {each.name.casefold(): each for each in row.series}
        series = tuple(
            found
            for fact in known
            if (found := _in_its_unit(fact, told.get(fact.name.casefold()))) is not None
        )
        return PerformanceHistory(subject, frame, series, self._clock.now(), node)


# The node answered: the others would say the same.
_ANSWERED = (FaultCode.REJECTED, FaultCode.NOT_FOUND, FaultCode.SERVER_ERROR)


def _in_its_unit(
    fact: HistorySeries, row: node_rows.HistorySeriesRow | None
) -> FigureSeries | None:
    """None if the cluster keeps no such series; what has no time or goes back is left out."""
    if row is None:
        return None
    times: list[float] = []
    values: list[float | None] = []
    for at, value in zip(row.times, row.values, strict=False):
        if times and at <= times[-1]:
            continue
        times.append(at)
        values.append(None if value is None else value * fact.factor)
    return FigureSeries(fact.name, fact.title, fact.unit, tuple(times), tuple(values), fact.note)


def _refused(node: str, refusal: NodeRefusal) -> BackendError:
    identity = refusal.identity.split(",")[0]
    if identity == "HistoryOff":
        return BackendError(
            Fault(
                FaultCode.REJECTED,
                "This cluster does not keep a performance history.",
                remedy="An administrator can switch it on: Start-ClusterPerformanceHistory. "
                "It begins empty then.",
                kept="What was seen in this window stays.",
                detail=refusal.text,
            )
        )
    if identity in ("VmNotFound", "NodeNotFound"):
        return BackendError(
            Fault(
                FaultCode.NOT_FOUND,
                f"{node} does not have it any more.",
                remedy="It may have moved a moment ago: ask again once its node is told anew.",
                kept="What was seen in this window stays.",
                detail=refusal.text,
            )
        )
    detail = f"{refusal.identity}: {refusal.text}"
    return BackendError(node_fault(FaultCode.SERVER_ERROR, node, detail))
