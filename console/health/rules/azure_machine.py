"""Azure's own work on the VM, and whether the Azure agent inside it is connected."""

from collections.abc import Iterator

from console.health.levels import HealthLevel, Kind, Owner, Reason
from console.health.surroundings import Surroundings
from console.model.virtual_machine import PowerState, ProvisioningState, VirtualMachine

# Words of Microsoft.HybridCompute/machines properties.status.
_DISCONNECTED = ("disconnected", "expired", "error")


def of_vm(vm: VirtualMachine, around: Surroundings) -> Iterator[Reason]:
    facts = vm.azure
    if facts is None:
        return
    read_at = facts.read_at or around.arm.read_at
    if facts.provisioning is ProvisioningState.FAILED:
        yield Reason(
            HealthLevel.ATTENTION if vm.cluster is not None else HealthLevel.CRITICAL,
            "Azure's last work on this VM failed.",
            ": ".join(text for text in (facts.error_code, facts.error_message) if text),
            "Read the reason; for a failed creation, clean up and create it again.",
            read_at,
            Kind.AZURE_FAILED,
            f"vm:{vm.key}",
            owner=Owner.AZURE,
        )
    is_meant_to_run = vm.cluster is not None and vm.cluster.power in (
        PowerState.RUNNING, PowerState.CRITICAL,
    )  # fmt: skip
    if is_meant_to_run and facts.agent_status.lower() in _DISCONNECTED:
        yield Reason(
            HealthLevel.ATTENTION,
            f"The Azure agent inside {vm.name} is {facts.agent_status.lower()}: it runs, but Azure "
            "cannot reach into it.",
            f"Arc machine status: {facts.agent_status}",
            "Look at the Connected Machine agent inside it and at its way to Azure.",
            read_at,
            Kind.AGENT_DISCONNECTED,
            f"vm:{vm.key}",
            owner=Owner.GUEST,
        )
