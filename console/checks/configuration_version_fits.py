"""The target runs the VM's configuration version; between builds a VM may not come back."""

from console.checks.moving_vms import MovingVms, listed
from console.checks.situation import Situation, blocks, note
from console.model.finding import Finding
from console.model.node import Node

ID = "configuration_version_fits"
TITLE = "System build and VM version fit"
_SOURCE = "Troubleshoot live migration issues (16 August 2023), event 10698"


def on_group(moving: MovingVms, node: Node, situation: Situation) -> tuple[Finding, ...]:
    if not moving.go_to(node.name):
        return ()
    found: list[Finding] = []
    for (build, _), sources in moving.hardware(situation.inventory.nodes).items():
        others = [name for name in sources if name != node.name]
        # Mostly all nodes are alike: no words are made for those.
        if others and (build != node.os_build or not build):
            found.append(_between(build, others, node))
    if node.vm_versions is None:
        text = f"Which VM versions {node.name} runs is not known."
        return (*found, note(ID, text, "It refuses a VM of a version that it does not run."))
    for version, vms in moving.by_version.items():
        if not version:
            text = f"The configuration version of {listed(vms)} is not known."
            found.append(note(ID, text, "A node refuses a VM of a version that it does not run."))
        elif version not in node.vm_versions:
            text = f"{node.name} does not run VMs of version {version} ({listed(vms)})."
            fix = "Choose a node of the same build, or update this one."
            found.append(blocks(ID, text, fix, source=_SOURCE))
    return tuple(found)


def _between(build: str, sources: list[str], node: Node) -> Finding:
    where = " and ".join(sources[:2])
    if not build or not node.os_build:
        text = f"Whether {where} and {node.name} run the same build is not known."
        return note(ID, text, "It may not move back if they do not.")
    text = f"{where} and {node.name} run different builds; it may not move back."
    evidence = f"{build} and {node.os_build}"
    return note(ID, text, "Bring the nodes to the same build.", evidence=evidence)
