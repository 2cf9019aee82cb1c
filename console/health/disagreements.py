"""Where Azure and the cluster say different things of a VM, and whether it is to be expected."""

from collections.abc import Iterator

import msgspec

from console.catalog import DisagreementRule, load_disagreements
from console.health.surroundings import Surroundings
from console.model.virtual_machine import (
    AzureFacts,
    ClusterFacts,
    PowerState,
    ProvisioningState,
    SecurityType,
    VirtualMachine,
    VmKind,
)

_SETTLED = (PowerState.RUNNING, PowerState.STOPPED)
_IN_WORK = (
    ProvisioningState.ACCEPTED, ProvisioningState.IN_PROGRESS, ProvisioningState.DELETING,
)  # fmt: skip


class Disagreement(msgspec.Struct, frozen=True, gc=False):
    """One difference. ``kind`` is the id of its rule in resources/disagreements.toml."""

    kind: str
    vm_key: str
    vm_name: str
    azure_says: str
    cluster_says: str

    @property
    def id(self) -> str:
        """The same for the same difference of the same VM, whatever the two say."""
        return f"{self.kind}|{self.vm_key}"

    @property
    def rule(self) -> DisagreementRule:
        return load_disagreements()[self.kind]

    def is_expected(self, since: float | None, now: float) -> bool:
        """Whether it is too young to mean anything; one seen for the first time is."""
        return since is None or now - since < self.rule.expected_for_s


def disagreements(vm: VirtualMachine, around: Surroundings) -> Iterator[Disagreement]:
    """Every difference of this VM, while both planes answer: silence is not disagreement."""
    if around.is_cluster_silent or around.arm.is_stale(around.now):
        return
    found = _found(vm, around)
    for kind, azure_says, cluster_says in found:
        yield Disagreement(kind, vm.key, vm.name, azure_says, cluster_says)


def _found(vm: VirtualMachine, around: Surroundings) -> Iterator[tuple[str, str, str]]:
    azure, cluster = vm.azure, vm.cluster
    if azure is None and cluster is not None:
        was_made_by_azure = vm.kind is not VmKind.RESOURCE_BRIDGE and (
            vm.kind is VmKind.AZURE_LOCAL or cluster.security is SecurityType.TRUSTED_LAUNCH
        )
        if was_made_by_azure and not around.arm.faults:
            yield "only_on_cluster", "does not know it", str(cluster.power)
    elif azure is not None and cluster is None:
        is_settled = azure.provisioning is ProvisioningState.SUCCEEDED
        if is_settled and not around.cluster_wire.faults:
            yield "only_in_azure", str(azure.power), "does not know it"
    elif azure is not None and cluster is not None and azure.provisioning not in _IN_WORK:
        yield from _between(azure, cluster)


def _between(azure: AzureFacts, cluster: ClusterFacts) -> Iterator[tuple[str, str, str]]:
    if azure.power in _SETTLED and cluster.power in _SETTLED and azure.power != cluster.power:
        yield "power", str(azure.power), str(cluster.power)
    if azure.host_node and azure.host_node.casefold() != cluster.owner_node.casefold():
        yield "host_node", azure.host_node, cluster.owner_node
    was_asked = azure.security is SecurityType.TRUSTED_LAUNCH
    if was_asked and cluster.security in (SecurityType.STANDARD, SecurityType.CONFIDENTIAL):
        yield "security", str(azure.security), str(cluster.security)
    sizes = [
        (f"{said} {word}", f"{does} {word}")
        for said, does, word in (
            (azure.processors, cluster.processors, "processors"),
            (azure.memory_mib, cluster.memory_mib, "MiB"),
        )
        if said and does and said != does
    ]
    if sizes and not cluster.has_dynamic_memory:
        yield "size", ", ".join(s for s, _ in sizes), ", ".join(d for _, d in sizes)
