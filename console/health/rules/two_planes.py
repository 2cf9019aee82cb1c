"""Where Azure and the cluster say different things of one VM: what is not to be expected."""

from collections.abc import Iterator

from console.health.disagreements import Disagreement, disagreements
from console.health.levels import HealthLevel, Kind, Owner, Reason
from console.health.surroundings import Surroundings
from console.model.virtual_machine import ProvisioningState, VirtualMachine

_BEING_MADE = (ProvisioningState.ACCEPTED, ProvisioningState.IN_PROGRESS)
_KINDS = {
    "power": Kind.POWER_DISAGREES,
    "host_node": Kind.NODE_DISAGREES,
    "only_in_azure": Kind.ONLY_IN_AZURE,
    "only_on_cluster": Kind.ONLY_ON_CLUSTER,
    "size": Kind.SIZE_DISAGREES,
}


def of_vm(vm: VirtualMachine, around: Surroundings) -> Iterator[Reason]:
    if vm.cluster is None:
        yield from _only_in_azure(vm, around)
    for each in disagreements(vm, around):
        # What was asked and not made is told by security_as_asked.
        if each.kind in _KINDS:
            yield _of(each, vm, around)


def _of(each: Disagreement, vm: VirtualMachine, around: Surroundings) -> Reason:
    rule = each.rule
    is_expected = each.is_expected(around.disagreeing_since.get(each.id), around.now)
    level = HealthLevel.HEALTHY if is_expected else HealthLevel.ATTENTION
    if each.kind == "only_in_azure":
        # Not there is not well, however young.
        level = HealthLevel.UNKNOWN if is_expected else HealthLevel.CRITICAL
        text = f"Azure knows {vm.name}, but it is not on the cluster."
    elif each.kind == "only_on_cluster":
        text = f"{vm.name} is on the cluster, but Azure does not know it."
    else:
        text = f"Azure says {_said(each.azure_says)}, the cluster says {_said(each.cluster_says)}."
    azure = vm.azure
    return Reason(
        level,
        text,
        rule.text,
        rule.repair,
        (azure.read_at if azure is not None else None) or around.arm.read_at,
        _KINDS[each.kind],
        f"vm:{vm.key}",
        owner=Owner.AZURE,
    )


def _said(word: str) -> str:
    """States in lower case within a sentence; names of nodes as they are."""
    return word.lower() if word.istitle() else word


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
    elif around.is_cluster_silent or around.arm.is_stale(around.now) or wire.faults:
        text = (
            "The cluster did not answer so far."
            if wire.read_at is None
            else f"Azure knows {vm.name}; whether the cluster does cannot be told now."
        )
        yield Reason(
            HealthLevel.UNKNOWN,
            text,
            wire.faults[0].summary if wire.faults else "",
            read_at=wire.read_at,
            kind=Kind.CLUSTER_SILENT,
            about="cluster:wire",
            owner=Owner.CONSOLE,
        )
    elif azure is None or azure.provisioning is not ProvisioningState.SUCCEEDED:
        yield Reason(
            HealthLevel.UNKNOWN,
            f"{vm.name} is not on the cluster, and Azure has not finished with it.",
            f"Provisioning: {azure.provisioning}" if azure is not None else "",
            kind=Kind.OTHER,
            about=f"vm:{vm.key}",
            owner=Owner.AZURE,
        )
