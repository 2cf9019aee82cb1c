"""Nodes of different builds: a VM may move up, and then not come back."""

from console.checks.situation import Situation, note
from console.model.finding import Finding
from console.model.node import Node
from console.model.virtual_machine import VirtualMachine

ID = "configuration_version_fits"
TITLE = "Processor and system build fit"


def on_pair(vm: VirtualMachine, node: Node, situation: Situation) -> tuple[Finding, ...]:
    source = situation.inventory.nodes.get(vm.owner_node or "")
    if source is None or source.name == node.name:
        return ()
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
    return tuple(findings)
