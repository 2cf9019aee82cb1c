"""The target's processor runs what the VM was started on."""

from console.checks.moving_vms import MovingVms, listed
from console.checks.situation import Situation, blocks, note
from console.model.finding import Finding
from console.model.node import Node

ID = "processor_fits"
TITLE = "The processors fit"
_SOURCE = "Processor compatibility for Hyper-V virtual machines"
_VENDORS = ("intel", "amd")


def on_group(moving: MovingVms, node: Node, situation: Situation) -> tuple[Finding, ...]:
    nodes = situation.inventory.nodes
    found: list[Finding] = []
    for (_, model), sources in moving.hardware(nodes).items():
        # Mostly all nodes are alike: no words are made for those.
        others = [name for name in sources if name != node.name]
        if others and (model != node.processor_model or not model):
            found += _between(model, others, moving, node)
    return tuple(found)


def _between(model: str, sources: list[str], moving: MovingVms, node: Node) -> list[Finding]:
    where = " and ".join(sources[:2])
    if not model or not node.processor_model:
        text = f"Whether the processors of {where} and {node.name} fit is not known."
        return [note(ID, text, "The cluster refuses the move if they do not.")]
    evidence = f"{model} and {node.processor_model}"
    if (
        _vendor(model)
        and _vendor(node.processor_model)
        and _vendor(model) != _vendor(node.processor_model)
    ):
        text = f"{where} and {node.name} have processors of different makers."
        fix = "A running VM cannot cross: shut it down, then start it there."
        return [blocks(ID, text, fix, evidence=evidence, source=_SOURCE)]
    strict = [
        vm
        for source in sources
        for vm in moving.by_owner[source]
        if vm.cluster is None or vm.cluster.is_processor_compatible is not True
    ]
    if not strict:
        return []
    text = f"{where} and {node.name} have different processors; the move may be refused."
    fix = (
        f"Processor compatibility is not on for {listed(strict)}: it needs a shut-down to turn on."
    )
    return [note(ID, text, fix, evidence=evidence, source=_SOURCE)]


def _vendor(model: str) -> str:
    return next((vendor for vendor in _VENDORS if vendor in model.lower()), "")
