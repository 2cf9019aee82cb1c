"""IgvmAgent on each node: without it Trusted launch VMs cannot be placed there."""

from collections.abc import Iterator

from console.health.levels import Confidence, HealthLevel, Kind, Owner, Reason
from console.health.surroundings import Surroundings
from console.model.node import Node, NodeState, ServiceState
from console.model.virtual_machine import SecurityType, VirtualMachine

_IS_HERE = (NodeState.UP, NodeState.PAUSED, NodeState.DRAINING)
_NOT_RUNNING = (ServiceState.STOPPED, ServiceState.MISSING)


def of_vm(vm: VirtualMachine, around: Surroundings) -> Iterator[Reason]:
    """Only a cause: a VM that runs already does not need it before it is started again."""
    node = around.nodes.get(vm.owner_node or "")
    if node is not None and vm.security is SecurityType.TRUSTED_LAUNCH:
        yield from _of(node, Confidence.LIKELY, is_background=True)


def of_node(node: Node, around: Surroundings) -> Iterator[Reason]:
    yield from _of(node, Confidence.CERTAIN, is_background=False)


def _of(node: Node, confidence: Confidence, *, is_background: bool) -> Iterator[Reason]:
    if node.state in _IS_HERE and node.igvm_agent in _NOT_RUNNING:
        yield Reason(
            HealthLevel.ATTENTION,
            f"IgvmAgent is {node.igvm_agent.lower()} on {node.name}: Trusted launch VMs cannot "
            "be placed here.",
            f"IgvmAgent: {node.igvm_agent}",
            "Start or repair IgvmAgent on this node.",
            node.read_at,
            Kind.IGVM_AGENT,
            f"node:{node.name}",
            confidence,
            Owner.CLUSTER,
            is_background,
        )
