"""What Hyper-V and the cluster say of the VM's state: standing still, not brought online."""

from collections.abc import Iterator

from console.health.levels import HealthLevel, Kind, Owner, Reason
from console.health.surroundings import Surroundings
from console.model.virtual_machine import PowerState, VirtualMachine

_BETWEEN = {
    PowerState.STARTING: "is starting",
    PowerState.STOPPING: "is stopping",
    PowerState.PAUSING: "is being paused",
    PowerState.SAVING: "is being saved",
    PowerState.RESUMING: "is resuming",
}
_NOT_ONLINE = ("failed", "partialonline")


def of_vm(vm: VirtualMachine, around: Surroundings) -> Iterator[Reason]:
    facts = vm.cluster
    if facts is None:
        return
    if facts.power is PowerState.CRITICAL:
        yield Reason(
            HealthLevel.CRITICAL,
            f"{vm.name} stands still: its storage does not answer.",
            "Hyper-V state: paused-critical"
            + (f", cluster group: {facts.group_state}" if facts.group_state else ""),
            "Do not restart it. It goes on by itself once its storage is back.",
            facts.read_at,
            Kind.STANDS_STILL,
            f"vm:{vm.key}",
            owner=Owner.STORAGE,
        )
    elif facts.power is PowerState.UNKNOWN:
        yield Reason(
            HealthLevel.UNKNOWN,
            f"The state of {vm.name} is not known.",
            read_at=facts.read_at,
            kind=Kind.POWER_NOT_KNOWN,
            about=f"vm:{vm.key}",
            owner=Owner.CLUSTER,
        )
    elif facts.power in _BETWEEN:
        yield Reason(
            HealthLevel.OFF,
            f"{vm.name} {_BETWEEN[facts.power]}.",
            f"Hyper-V state: {facts.power}",
            read_at=facts.read_at,
            kind=Kind.BETWEEN_STATES,
            about=f"vm:{vm.key}",
        )
    # Of a VM that stands still the group says nothing more.
    if facts.group_state.lower() in _NOT_ONLINE and facts.power is not PowerState.CRITICAL:
        yield Reason(
            HealthLevel.CRITICAL,
            f"The cluster could not bring {vm.name} fully online.",
            f"Cluster group: {facts.group_state}",
            "Look at its clustered resources.",
            facts.read_at,
            Kind.NOT_ONLINE,
            f"vm:{vm.key}",
            owner=Owner.CLUSTER,
        )
