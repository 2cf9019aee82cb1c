"""Azure's own work on the VM, and whether the Azure agent inside it is connected."""

from collections.abc import Iterator

from console.catalog import explain_azure_error
from console.health.levels import HealthLevel, Kind, Owner, Reason
from console.health.surroundings import Surroundings
from console.model.virtual_machine import (
    AzureFacts,
    PowerState,
    ProvisioningState,
    VirtualMachine,
)

# Words of Microsoft.HybridCompute/machines properties.status.
_DISCONNECTED = ("disconnected", "expired", "error")


def of_vm(vm: VirtualMachine, around: Surroundings) -> Iterator[Reason]:
    facts = vm.azure
    if facts is None:
        return
    read_at = facts.read_at or around.arm.read_at
    if facts.provisioning is ProvisioningState.FAILED:
        yield _failed(vm, facts, read_at)
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


def _failed(vm: VirtualMachine, facts: AzureFacts, read_at: float | None) -> Reason:
    """An error that names its cause is the cause; only one that does not is looked behind."""
    known = explain_azure_error(facts.error_code, facts.error_message)
    if known is None:
        kind = Kind.AZURE_FAILED
    else:
        kind = Kind.AZURE_NO_SPACE if known.about == "space" else Kind.AZURE_TOLD_WHY
    return Reason(
        HealthLevel.ATTENTION if vm.cluster is not None else HealthLevel.CRITICAL,
        f"Azure's last work on {vm.name} failed. {known.words if known else ''}".strip(),
        ": ".join(text for text in (facts.error_code, facts.error_message) if text),
        known.remedy
        if known
        else "Read the reason; for a failed creation, clean up and create it again.",
        read_at,
        kind,
        f"vm:{vm.key}",
        owner=Owner.AZURE,
    )
