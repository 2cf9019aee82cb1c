"""Nodes of different builds: a VM may move up, and then not come back."""

from console.checks.moving_vms import MovingVms
from console.checks.situation import Situation, note
from console.model.finding import Finding
from console.model.node import Node

ID = "configuration_version_fits"
TITLE = "Processor and system build fit"


def on_group(moving: MovingVms, node: Node, situation: Situation) -> tuple[Finding, ...]:
    nodes = situation.inventory.nodes
    build, model = node.os_build, node.processor_model
    found: list[Finding] = []
    for owner in moving.owners_beside(node.name):
        source = nodes.get(owner or "")
        # Mostly all nodes are alike: no words are made for those.
        if source is not None and (source.os_build != build or source.processor_model != model):
            found += _between(source, node)
    return tuple(found)


def _between(source: Node, node: Node) -> list[Finding]:
    findings = []
    if source.os_build and node.os_build and source.os_build != node.os_build:
        text = f"{source.name} and {node.name} run different builds; it may not move back."
        evidence = f"{source.os_build} and {node.os_build}"
        findings.append(note(ID, text, "Bring the nodes to the same build.", evidence=evidence))
    if (
        source.processor_model
        and node.processor_model
        and source.processor_model != node.processor_model
    ):
        text = f"{source.name} and {node.name} have different processors; the move may be refused."
        evidence = f"{source.processor_model} and {node.processor_model}"
        findings.append(note(ID, text, evidence=evidence))
    return findings
