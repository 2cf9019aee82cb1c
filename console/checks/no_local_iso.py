"""No ISO from a node's own disk is in the VM's drive: the target could not reach it."""

from console.checks.situation import Situation, blocks
from console.model.finding import Finding
from console.model.virtual_machine import VirtualMachine

ID = "no_local_iso"
TITLE = "No local ISO is mounted"
_SHARED = ("c:\\clusterstorage\\", "\\\\")


def on_vm(vm: VirtualMachine, situation: Situation) -> tuple[Finding, ...]:
    path = vm.cluster.mounted_iso if vm.cluster is not None else ""
    if not path or path.lower().startswith(_SHARED):
        return ()
    text = f"{vm.name} has an ISO from a local path in its drive (0xC03A0014)."
    return (blocks(ID, text, "Eject it first.", evidence=path),)
