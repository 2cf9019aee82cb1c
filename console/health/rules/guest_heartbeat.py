"""Whether the system inside the VM answers (Hyper-V's heartbeat service)."""

from collections.abc import Iterator

from console.health.levels import Confidence, HealthLevel, Kind, Owner, Reason
from console.health.surroundings import STARTING_S, Surroundings
from console.model.virtual_machine import Heartbeat, PowerState, VirtualMachine

_SILENT = (Heartbeat.NO_CONTACT, Heartbeat.LOST, Heartbeat.ERROR)


def of_vm(vm: VirtualMachine, around: Surroundings) -> Iterator[Reason]:
    facts = vm.cluster
    if facts is None or facts.power is not PowerState.RUNNING or facts.heartbeat is Heartbeat.OK:
        return
    evidence = f"Heartbeat: {facts.heartbeat}"
    since = facts.running_since
    if facts.heartbeat in _SILENT and since is not None and 0 <= around.now - since < STARTING_S:
        yield Reason(
            HealthLevel.ATTENTION,
            f"{vm.name} has just been started; its guest does not answer yet.",
            evidence,
            "Wait a few minutes.",
            facts.read_at,
            Kind.GUEST_STARTING,
            f"vm:{vm.key}",
        )
    elif facts.heartbeat in _SILENT:
        yield Reason(
            HealthLevel.CRITICAL,
            f"{vm.name} runs, but its guest does not answer.",
            evidence,
            "Connect to it; if that fails too, restart it.",
            facts.read_at,
            Kind.GUEST_SILENT,
            f"vm:{vm.key}",
            owner=Owner.GUEST,
        )
    elif facts.heartbeat is Heartbeat.APPLICATIONS_CRITICAL:
        yield Reason(
            HealthLevel.ATTENTION,
            f"{vm.name} answers, but says that an application in it is critical.",
            evidence,
            "Look at the applications inside it.",
            facts.read_at,
            Kind.APPLICATION_CRITICAL,
            f"vm:{vm.key}",
            owner=Owner.GUEST,
        )
    else:
        why = "is switched off" if facts.heartbeat is Heartbeat.DISABLED else "was not told"
        yield Reason(
            HealthLevel.UNKNOWN,
            f"{vm.name} runs; whether its guest answers is not known.",
            f"Heartbeat {why}",
            "Switch the heartbeat service on for this VM to have it watched.",
            facts.read_at,
            Kind.GUEST_NOT_KNOWN,
            f"vm:{vm.key}",
            Confidence.CERTAIN,
            Owner.CLUSTER,
        )
