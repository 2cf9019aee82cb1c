"""A level and the chain behind it, for a VM, a node, a volume or the cluster."""

from console.health import rules
from console.health.chain import health_of
from console.health.dating import dated
from console.health.levels import Health, HealthLevel
from console.health.surroundings import Surroundings
from console.model.node import Node
from console.model.storage import Volume
from console.model.virtual_machine import PowerState, VirtualMachine

_OFF = {
    PowerState.STOPPED: "It is off.",
    PowerState.SAVED: "It is saved: its memory is on disk until it is started.",
    PowerState.PAUSED: "It is paused by somebody.",
}
_RUNS = "Healthy: running and its guest answers."
_NODE_IS_UP = "Healthy: up, and it answers."


def assess_vm(vm: VirtualMachine, around: Surroundings) -> Health:
    """A VM's level with its chains of reasons; one that is off on purpose is neutral."""
    calm = HealthLevel.OFF if vm.power in _OFF else HealthLevel.HEALTHY
    reasons = [dated(reason, vm, around) for rule in rules.OF_VM for reason in rule(vm, around)]
    return health_of(reasons, calm, _OFF.get(vm.power, _RUNS))


def assess_node(node: Node, around: Surroundings) -> Health:
    reasons = [reason for rule in rules.OF_NODE for reason in rule(node, around)]
    return health_of(reasons, says=_NODE_IS_UP)


def assess_volume(volume: Volume, around: Surroundings) -> Health:
    return health_of([reason for rule in rules.OF_VOLUME for reason in rule(volume, around)])


def assess_cluster(around: Surroundings) -> Health:
    """What is the matter with the cluster as a whole, not with one of its nodes."""
    return health_of([reason for rule in rules.OF_CLUSTER for reason in rule(around)])
