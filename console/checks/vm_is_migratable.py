"""The VM is of a kind that may move, runs, and is not busy with something that forbids it."""

from console.checks.moving_vms import AT_REST
from console.checks.situation import Situation, blocks, unknown, waits
from console.model.finding import Finding
from console.model.request import MoveMethod
from console.model.virtual_machine import PowerState, VirtualMachine, VmActivity

ID = "vm_is_migratable"
TITLE = "The VM can be live-migrated"
_WAIT = "Wait until it runs."
_REMEDY = {
    PowerState.PAUSED: "Start it first: that ends the pause.",
    PowerState.CRITICAL: "Its storage does not answer: look at the volume first.",
}
_BUSY = {
    VmActivity.BACKING_UP: "is being backed up",
    VmActivity.CHECKPOINTING: "is making a checkpoint",
    VmActivity.MERGING_DISKS: "is merging its disks",
    VmActivity.OTHER: "is busy with something",
}


def on_vm(vm: VirtualMachine, situation: Situation) -> tuple[Finding, ...]:
    facts = vm.cluster
    if facts is None:
        text = f"{vm.name} was not found on the cluster, so nobody knows where it runs."
        fix = "Refresh; if it stays so, look for it in the cluster: it may be gone."
        return (unknown(ID, text, fix),)
    if facts.migration is not None or facts.activity is VmActivity.MIGRATING:
        target = f" to {facts.migration.target}" if facts.migration is not None else ""
        return (blocks(ID, f"{vm.name} is already moving{target}.", "Wait until it has arrived."),)
    if facts.power is PowerState.UNKNOWN:
        text = f"The state of {vm.name} is not known."
        return (unknown(ID, text, "Refresh; if it stays so, look at it on its node."),)
    if facts.power is not PowerState.RUNNING:
        is_quick = situation.method is MoveMethod.QUICK
        if is_quick and facts.power in AT_REST:
            return ()  # a group that is off only changes hands
        how = "moved so" if is_quick else "live-migrated"
        text = f"{vm.name} is {facts.power.lower()}; only a running VM can be {how}."
        at_rest = "Start it first, or move it by quick migration."
        remedy = at_rest if facts.power in AT_REST else _REMEDY.get(facts.power, _WAIT)
        return (blocks(ID, text, remedy),)
    if facts.activity is VmActivity.UNKNOWN:
        text = f"Whether a backup or a checkpoint of {vm.name} is running is not known."
        return (unknown(ID, text, "Refresh; the move fails while one is running."),)
    if facts.activity in _BUSY:
        return (waits(ID, f"{vm.name} {_BUSY[facts.activity]}.", "It moves when that is done."),)
    return ()
