"""Why a VM is not well: symptom first, then what stands behind it."""

from console.health.levels import Health, HealthLevel, Reason, health_of
from console.model.freshness import WireReading
from console.model.node import Node, NodeState
from console.model.virtual_machine import (
    AzureFacts,
    ClusterFacts,
    Heartbeat,
    PowerState,
    ProvisioningState,
    SecurityType,
    VirtualMachine,
    VmKind,
)

_OFF = (PowerState.STOPPED, PowerState.SAVED, PowerState.PAUSED)
_LOST_HEARTBEATS = (Heartbeat.NO_CONTACT, Heartbeat.LOST, Heartbeat.ERROR)


def assess_vm(
    vm: VirtualMachine,
    node: Node | None,
    arm: WireReading,
    cluster_wire: WireReading,
    now: float,
) -> Health:
    """A VM's level with its reasons. ``node`` is its owner node, if the cluster knows one."""
    reasons: list[Reason] = []
    calm = HealthLevel.HEALTHY
    if vm.cluster is None:
        _only_in_azure(vm, cluster_wire, reasons)
    else:
        if vm.cluster.power in _OFF:
            calm = HealthLevel.OFF
        _on_the_cluster(vm.name, vm.cluster, node, reasons)
        _security(vm, vm.cluster, reasons)
        if cluster_wire.is_stale(now):
            reasons.append(
                Reason(
                    HealthLevel.UNKNOWN,
                    "The cluster has not answered lately, so this may have changed.",
                    evidence=cluster_wire.faults[0].summary if cluster_wire.faults else "",
                    read_at=cluster_wire.read_at,
                )
            )
        elif _is_silent(node, cluster_wire, now):
            assert node is not None
            text = f"Its node {node.name} has not answered lately, so this may have changed."
            reasons.append(Reason(HealthLevel.UNKNOWN, text, read_at=node.read_at))
    if vm.azure is not None:
        _in_azure(vm, vm.azure, arm, reasons)
    elif vm.kind is VmKind.AZURE_LOCAL and arm.read_at is not None:
        reasons.append(
            Reason(
                HealthLevel.ATTENTION,
                "Azure no longer knows this VM, but it is still on the cluster.",
                remedy="If it was deleted in Azure, remove it on the cluster by hand.",
                read_at=arm.read_at,
            )
        )
    return health_of(reasons, calm)


def _is_silent(node: Node | None, wire: WireReading, now: float) -> bool:
    """Up for the cluster, but silent itself: what is known of its VMs is as old as its word."""
    if node is None or node.state not in (NodeState.UP, NodeState.PAUSED, NodeState.DRAINING):
        return False
    return node.read_at is None or now - node.read_at > 3 * wire.interval


def _on_the_cluster(
    name: str, facts: ClusterFacts, node: Node | None, reasons: list[Reason]
) -> None:
    read_at = facts.read_at
    if facts.power is PowerState.CRITICAL:
        reasons.append(
            Reason(
                HealthLevel.CRITICAL,
                f"{name} stands still: its storage does not answer.",
                evidence="Hyper-V state: paused-critical",
                remedy="Look at the volume it lies on; it goes on by itself once storage is back.",
                read_at=read_at,
            )
        )
    elif facts.power is PowerState.UNKNOWN:
        reasons.append(Reason(HealthLevel.UNKNOWN, f"The state of {name} is not known."))
    if facts.power is PowerState.RUNNING and facts.heartbeat in _LOST_HEARTBEATS:
        reasons.append(
            Reason(
                HealthLevel.CRITICAL,
                f"{name} runs, but its guest does not answer.",
                evidence=f"Heartbeat: {facts.heartbeat}",
                remedy="It may be starting or hung; restart it if it stays like this.",
                read_at=read_at,
            )
        )
    elif facts.power is PowerState.RUNNING and facts.heartbeat is Heartbeat.APPLICATIONS_CRITICAL:
        text = f"{name} answers, but says that an application in it is critical."
        reasons.append(
            Reason(HealthLevel.ATTENTION, text, f"Heartbeat: {facts.heartbeat}", read_at=read_at)
        )
    if facts.group_state in ("Failed", "PartialOnline"):
        reasons.append(
            Reason(
                HealthLevel.CRITICAL,
                f"The cluster could not bring {name} fully online.",
                evidence=f"Cluster group: {facts.group_state}",
                remedy="Look at its clustered resources.",
                read_at=read_at,
            )
        )
    if node is not None and node.state in (NodeState.DOWN, NodeState.ISOLATED):
        text = f"Its node {node.name} is {node.state.lower()}."
        reasons.append(Reason(HealthLevel.CRITICAL, text, read_at=node.read_at))


def _security(vm: VirtualMachine, facts: ClusterFacts, reasons: list[Reason]) -> None:
    """Asked for Trusted launch and did not get it; other VMs are as they were meant."""
    asked = vm.azure is not None and vm.azure.security is SecurityType.TRUSTED_LAUNCH
    if asked and facts.security in (SecurityType.STANDARD, SecurityType.CONFIDENTIAL):
        reasons.append(
            Reason(
                HealthLevel.ATTENTION,
                "Azure says Trusted launch, but the hypervisor runs it without.",
                evidence=f"GuestStateIsolationType: {facts.security}",
                remedy="Trusted launch is chosen at creation only: create the VM again.",
                read_at=facts.read_at,
            )
        )
    if facts.security is SecurityType.TRUSTED_LAUNCH:
        off = [
            name
            for name, value in (("Secure Boot", facts.secure_boot), ("vTPM", facts.vtpm))
            if value is False
        ]
        if off:
            reasons.append(
                Reason(
                    HealthLevel.ATTENTION,
                    f"A Trusted launch VM with {' and '.join(off)} off.",
                    remedy="Find out who switched it off, and when.",
                    read_at=facts.read_at,
                )
            )


def _only_in_azure(vm: VirtualMachine, cluster_wire: WireReading, reasons: list[Reason]) -> None:
    azure = vm.azure
    is_being_made = azure is not None and azure.provisioning in (
        ProvisioningState.ACCEPTED,
        ProvisioningState.IN_PROGRESS,
    )
    if is_being_made:
        reasons.append(Reason(HealthLevel.UNKNOWN, f"{vm.name} is being created."))
    elif azure is not None and azure.provisioning is ProvisioningState.FAILED:
        return  # told by _in_azure
    elif cluster_wire.read_at is None:
        reasons.append(Reason(HealthLevel.UNKNOWN, "The cluster did not answer so far."))
    else:
        reasons.append(
            Reason(
                HealthLevel.CRITICAL,
                f"Azure knows {vm.name}, but it is not on the cluster.",
                remedy="It may have been deleted with local tools; delete it in Azure too.",
                read_at=cluster_wire.read_at,
            )
        )


def _in_azure(
    vm: VirtualMachine, facts: AzureFacts, arm: WireReading, reasons: list[Reason]
) -> None:
    if facts.provisioning is ProvisioningState.FAILED:
        reasons.append(
            Reason(
                HealthLevel.ATTENTION if vm.cluster is not None else HealthLevel.CRITICAL,
                "Azure's last work on this VM failed.",
                evidence=": ".join(t for t in (facts.error_code, facts.error_message) if t),
                remedy="Read the reason; for a failed creation, clean up and create it again.",
                read_at=facts.read_at or arm.read_at,
            )
        )
    if vm.cluster is None or facts.power is PowerState.UNKNOWN:
        return
    settled = (PowerState.RUNNING, PowerState.STOPPED)
    if facts.power in settled and vm.cluster.power in settled and facts.power != vm.cluster.power:
        reasons.append(
            Reason(
                HealthLevel.ATTENTION,
                f"Azure says {facts.power.lower()}, the cluster says {vm.cluster.power.lower()}.",
                evidence="Azure's word can lag half an hour; the cluster's word counts.",
                read_at=facts.read_at or arm.read_at,
            )
        )
