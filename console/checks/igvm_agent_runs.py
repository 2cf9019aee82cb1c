"""IgvmAgent runs on the target: without it a Trusted launch VM does not start there."""

from console.checks.moving_vms import MovingVms
from console.checks.situation import Situation, blocks, unknown
from console.model.finding import Finding
from console.model.node import Node, ServiceState

ID = "igvm_agent_runs"
TITLE = "IgvmAgent runs on the target"
_SOURCE = "Trusted launch overview: IgvmAgent is installed on all nodes"


def on_group(moving: MovingVms, node: Node, situation: Situation) -> tuple[Finding, ...]:
    if node.igvm_agent is ServiceState.RUNNING:
        return ()
    if not moving.need_igvm_agent:
        return ()
    if node.igvm_agent is ServiceState.UNKNOWN:
        text = f"Whether IgvmAgent runs on {node.name} is not known."
        fix = f"Refresh; else look at the service IgvmAgent on {node.name}, or choose another node."
        return (unknown(ID, text, fix, source=_SOURCE),)
    text = f"IgvmAgent is {node.igvm_agent.lower()} on {node.name}; Trusted launch VMs need it."
    return (
        blocks(
            ID,
            text,
            "Start or repair the service IgvmAgent there, or choose another node.",
            source=_SOURCE,
        ),
    )
