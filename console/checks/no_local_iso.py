"""No ISO from a node's own disk is in the VM's drive: the target could not reach it."""

from console.checks.situation import Situation, blocks, unknown
from console.model.finding import Finding
from console.model.virtual_machine import VirtualMachine

ID = "no_local_iso"
TITLE = "No local ISO is mounted"
_SHARED = ("c:\\clusterstorage\\", "\\\\")


def on_vm(vm: VirtualMachine, situation: Situation) -> tuple[Finding, ...]:
    if vm.cluster is None:
        return ()  # told by vm_is_migratable
    path = vm.cluster.mounted_iso
    if path is None:
        text = f"Whether {vm.name} has an ISO in its drive is not known."
        return (unknown(ID, text, "Refresh; the move fails if it is on a node's own disk."),)
    if not path or path.lower().startswith(_SHARED):
        return ()
    text = f"{vm.name} has an ISO from a local path in its drive (0xC03A0014)."
    return (blocks(ID, text, "Eject it first.", evidence=path),)
