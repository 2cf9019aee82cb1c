"""The guest state protection key: a Trusted launch VM cannot start without it.

Source: "Manually back up and recover guest state protection keys for Trusted launch Azure Local
VMs" (July 2025): the key's name is the VM's id. Not verified on a real cluster.
"""

from collections.abc import Iterator

from console.health.levels import Confidence, HealthLevel, Kind, Owner, Reason
from console.health.surroundings import Surroundings
from console.model.virtual_machine import PowerState, SecurityType, VirtualMachine

_RUNS = (PowerState.RUNNING, PowerState.STARTING, PowerState.PAUSED, PowerState.CRITICAL)


def of_vm(vm: VirtualMachine, around: Surroundings) -> Iterator[Reason]:
    facts = vm.cluster
    if facts is None or facts.has_guest_state_key is not False:
        return
    if facts.security is not SecurityType.TRUSTED_LAUNCH:
        return
    does_run = facts.power in _RUNS
    yield Reason(
        HealthLevel.ATTENTION if does_run else HealthLevel.CRITICAL,
        f"The guest state protection key of {vm.name} is missing: "
        + ("it runs, but would not start again." if does_run else "it cannot start."),
        "The cluster's key vault has no key named as this VM's id",
        "Do not stop it; have its key restored from the backup."
        if does_run
        else "Have its key restored from the backup before it is started: a start makes a new key.",
        facts.read_at,
        Kind.KEY_MISSING,
        f"vm:{vm.key}",
        Confidence.LIKELY,
        Owner.CLUSTER,
    )
