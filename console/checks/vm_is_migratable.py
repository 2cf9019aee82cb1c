"""The VM is of a kind that may move, runs, and is not busy with something that forbids it."""

from console.catalog import load_operation_policy
from console.checks.situation import Situation, blocks, unknown, waits
from console.model.finding import Finding
from console.model.virtual_machine import PowerState, VirtualMachine, VmActivity

ID = "vm_is_migratable"
TITLE = "The VM can be live-migrated"
_BUSY = {
    VmActivity.BACKING_UP: "is being backed up",
    VmActivity.CHECKPOINTING: "is making a checkpoint",
    VmActivity.MERGING_DISKS: "is merging its disks",
    VmActivity.OTHER: "is busy with something",
}


def on_vm(vm: VirtualMachine, situation: Situation) -> tuple[Finding, ...]:
    refusal = load_operation_policy().refusal("live_migrate", vm.kind)
    if refusal is not None:
        return (blocks(ID, f"{vm.name}: {refusal.text}", refusal.instead, source=refusal.source),)
    facts = vm.cluster
    if facts is None:
        return (
            unknown(ID, f"{vm.name} was not found on the cluster, so nobody knows where it runs."),
        )
    if facts.migration is not None or facts.activity is VmActivity.MIGRATING:
        target = f" to {facts.migration.target}" if facts.migration is not None else ""
        return (blocks(ID, f"{vm.name} is already moving{target}.", "Wait until it has arrived."),)
    if facts.power is PowerState.UNKNOWN:
        return (unknown(ID, f"The state of {vm.name} is not known."),)
    if facts.power is not PowerState.RUNNING:
        return (
            blocks(
                ID,
                f"{vm.name} is {facts.power.lower()}; only a running VM can be live-migrated.",
                "Start it first.",
            ),
        )
    if facts.activity is VmActivity.UNKNOWN:
        text = f"Whether a backup or a checkpoint of {vm.name} is running is not known."
        return (unknown(ID, text, "Refresh; the move fails while one is running."),)
    if facts.activity in _BUSY:
        return (waits(ID, f"{vm.name} {_BUSY[facts.activity]}.", "It moves when that is done."),)
    return ()
