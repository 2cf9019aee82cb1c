"""What an operation of ours explains: a node we drained, a VM we restart. That is no alarm."""

from collections.abc import Iterable
from datetime import datetime

from console.health.levels import Chain, Kind
from console.model.operation import OperationRecord, OperationState
from console.model.request import (
    ChangePowerState,
    DeleteVirtualMachine,
    DrainNode,
    LiveMigrate,
    ResumeNode,
)

_S = OperationState
_UNDER_WAY = (_S.RUNNING, _S.VERIFYING)
# What a VM needs after a power change until its guest answers, in seconds.
_SETTLES_S = 300.0
_OF_NODE = (Kind.NODE_MAINTENANCE, Kind.NODE_LOST, Kind.NODE_SILENT, Kind.HEALTH_FAULT)
_OF_VM = (Kind.GUEST_STARTING, Kind.GUEST_SILENT, Kind.NOT_ONLINE, Kind.AGENT_DISCONNECTED)


class OwnWork:
    """Our operations, looked up by node and VM; made anew when operations change."""

    def __init__(self, records: Iterable[OperationRecord], now: float) -> None:
        self._nodes: dict[str, OperationRecord] = {}
        self._vms: dict[str, OperationRecord] = {}
        for record in sorted(records, key=lambda record: record.created_at):
            request = record.request
            if isinstance(request, DrainNode) and (
                record.state in _UNDER_WAY or record.state is _S.SUCCEEDED
            ):
                self._nodes[request.node.casefold()] = record
            elif isinstance(request, ResumeNode) and record.state is _S.SUCCEEDED:
                self._nodes.pop(request.node.casefold(), None)
            elif isinstance(request, ChangePowerState | DeleteVirtualMachine | LiveMigrate):
                has_just_ended = (
                    record.state is _S.SUCCEEDED and now - (record.ended_at or 0.0) < _SETTLES_S
                )
                if record.state in _UNDER_WAY or has_just_ended:
                    self._vms[request.vm_key] = record

    def explains(self, vm_key: str, chain: Chain) -> str:
        """Why this is expected, in a sentence; empty if no operation of ours explains it.

        ``vm_key`` is empty for a chain of a node. A node that is lost while VMs of it suffer is an
        alarm, whoever drained it.
        """
        root = chain[-1]
        if root.about.startswith("node:") and root.kind in _OF_NODE and not vm_key:
            record = self._nodes.get(root.about.removeprefix("node:").casefold())
            return _said(record)
        if vm_key and root.about == f"vm:{vm_key}" and root.kind in _OF_VM:
            return _said(self._vms.get(vm_key))
        return ""


def _said(record: OperationRecord | None) -> str:
    if record is None:
        return ""
    at = datetime.fromtimestamp(record.created_at).strftime("%d %b %H:%M")
    by = f" by {record.actor}" if record.actor else ""
    return f"Expected: {record.title}, asked for{by} at {at}."
