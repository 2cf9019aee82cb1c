"""The VM is a role of the cluster, its group is online, and the cluster has not locked it."""

from console.checks.situation import Situation, blocks, note, unknown, waits
from console.model.finding import Finding
from console.model.virtual_machine import PowerState, VirtualMachine

ID = "group_is_online"
TITLE = "The VM's cluster group is online"
_SOURCE = "CLUSGRP_STATUS in clusapi.h"
_LOCKED, _WAITS_FOR_A_MOVE = 0x1, 0x4
_REMEDY = {
    "failed": "Look at the group in the cluster, and start it there.",
    "partialonline": "One of its resources is not online: look at the group in the cluster.",
    "pending": "Wait until the cluster has brought it online.",
}


def on_vm(vm: VirtualMachine, situation: Situation) -> tuple[Finding, ...]:
    facts = vm.cluster
    if facts is None or facts.power is not PowerState.RUNNING:
        return ()  # told by vm_is_migratable
    if facts.is_clustered is False:
        text = f"{vm.name} is no role of the cluster, so the cluster cannot move it."
        return (blocks(ID, text, "Make it highly available on its node first."),)
    state = facts.group_state.lower()
    if not state or state == "unknown":
        text = f"The state of the cluster group of {vm.name} is not known."
        return (unknown(ID, text, "Refresh; then look at the group in the cluster."),)
    if state != "online":
        text = f"The cluster group of {vm.name} is {facts.group_state}, not online."
        remedy = _REMEDY.get(state, "Bring the group online first.")
        return (blocks(ID, text, remedy),)
    if facts.group_flags is None or facts.is_clustered is None:
        text = f"Whether the cluster manages {vm.name} and has not locked it is not known."
        return (note(ID, text, "Otherwise it refuses the move. A newer node module tells it."),)
    if facts.group_flags & _WAITS_FOR_A_MOVE:
        text = f"{vm.name} already waits in the cluster's queue for a move."
        return (blocks(ID, text, "Wait until it has moved.", source=_SOURCE),)
    if facts.group_flags & _LOCKED:
        text = f"The cluster has locked {vm.name}: a backup or another job is using it."
        return (waits(ID, text, "It moves when the lock is gone.", source=_SOURCE),)
    return ()
