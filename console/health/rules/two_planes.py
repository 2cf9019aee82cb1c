"""Where Azure and the cluster say different things of one VM."""

from collections.abc import Iterator

from console.health.levels import HealthLevel, Kind, Owner, Reason
from console.health.surroundings import Surroundings
from console.model.virtual_machine import PowerState, ProvisioningState, VirtualMachine, VmKind

_SETTLED = (PowerState.RUNNING, PowerState.STOPPED)
_BEING_MADE = (ProvisioningState.ACCEPTED, ProvisioningState.IN_PROGRESS)


def of_vm(vm: VirtualMachine, around: Surroundings) -> Iterator[Reason]:
    if vm.cluster is None:
        yield from _only_in_azure(vm, around)
    elif vm.azure is None:
        if vm.kind is VmKind.AZURE_LOCAL and around.arm.read_at is not None:
            yield Reason(
                HealthLevel.ATTENTION,
                "Azure no longer knows this VM, but it is still on the cluster.",
                remedy="If it was deleted in Azure, remove it on the cluster by hand.",
                read_at=around.arm.read_at,
                kind=Kind.ONLY_ON_CLUSTER,
                about=f"vm:{vm.key}",
                owner=Owner.AZURE,
            )
    elif (
        vm.azure.power in _SETTLED
        and vm.cluster.power in _SETTLED
        and vm.azure.power != vm.cluster.power
    ):
        yield Reason(
            HealthLevel.ATTENTION,
            f"Azure says {vm.azure.power.lower()}, the cluster says {vm.cluster.power.lower()}.",
            "Azure's word can lag half an hour; the cluster's word counts.",
            "Wait; if it stays, see Azure and cluster disagree.",
            vm.azure.read_at or around.arm.read_at,
            Kind.POWER_DISAGREES,
            f"vm:{vm.key}",
            owner=Owner.AZURE,
        )


def _only_in_azure(vm: VirtualMachine, around: Surroundings) -> Iterator[Reason]:
    azure, wire = vm.azure, around.cluster_wire
    if azure is not None and azure.provisioning in _BEING_MADE:
        yield Reason(
            HealthLevel.UNKNOWN,
            f"{vm.name} is being created.",
            read_at=azure.read_at,
            kind=Kind.BEING_MADE,
            about=f"vm:{vm.key}",
        )
    elif azure is not None and azure.provisioning is ProvisioningState.FAILED:
        return  # told by azure_machine
    elif wire.read_at is None:
        yield Reason(
            HealthLevel.UNKNOWN,
            "The cluster did not answer so far.",
            kind=Kind.CLUSTER_SILENT,
            about="cluster:wire",
            owner=Owner.CONSOLE,
        )
    elif around.is_cluster_silent:
        yield Reason(
            HealthLevel.UNKNOWN,
            f"Azure knows {vm.name}; the cluster has not answered lately.",
            read_at=wire.read_at,
            kind=Kind.CLUSTER_SILENT,
            about="cluster:wire",
            owner=Owner.CONSOLE,
        )
    else:
        yield Reason(
            HealthLevel.CRITICAL,
            f"Azure knows {vm.name}, but it is not on the cluster.",
            remedy="It may have been deleted with local tools; delete it in Azure too.",
            read_at=wire.read_at,
            kind=Kind.ONLY_IN_AZURE,
            about=f"vm:{vm.key}",
            owner=Owner.AZURE,
        )
