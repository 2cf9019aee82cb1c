"""The platform allows this operation on this kind of VM, on this release, on the plane it takes.

The one function that menus, drops, keys and the runner ask: ``refusal``.
"""

from console.catalog import PolicyKind, load_operation_policy
from console.checks.situation import Situation, blocks
from console.model.finding import Finding
from console.model.request import MoveMethod, Request, verb_of
from console.model.virtual_machine import SecurityType, VirtualMachine, VmKind

ID = "platform_allows"
TITLE = "The platform allows it"
_OF_METHOD = {MoveMethod.LIVE: "live_migrate", MoveMethod.QUICK: "quick_migrate"}


def refusal(operation: str, vm: VirtualMachine | None, release: str) -> Finding | None:
    """Why this console must not do it, with the supported way; None if it may.

    ``vm`` None: an operation that is not about one VM. KeyError if the policy does not know it.
    """
    rule = load_operation_policy().refusal(operation, policy_kind(vm), release)
    if rule is None:
        return None
    text = rule.text if vm is None else f"{vm.name}: {rule.text}"
    return blocks(ID, text, rule.instead, source=rule.source)


def policy_kind(vm: VirtualMachine | None) -> PolicyKind:
    """A VM whose security nobody could read is held to the rules of Trusted launch."""
    if vm is None:
        return "Site"
    if vm.kind is VmKind.RESOURCE_BRIDGE:
        return "ResourceBridge"
    if vm.kind is VmKind.UNMANAGED:
        return "Unmanaged"
    return "Standard" if vm.security is SecurityType.STANDARD else "TrustedLaunch"


def on_request(request: Request, situation: Situation) -> tuple[Finding, ...]:
    key = getattr(request, "vm_key", "")
    vm = situation.inventory.vms.get(key) if key else None
    if key and vm is None:
        return ()  # told by the check that needs the VM
    found = refusal(verb_of(request), vm, situation.inventory.cluster.release)
    return (found,) if found is not None else ()


def on_vm(vm: VirtualMachine, situation: Situation) -> tuple[Finding, ...]:
    release = situation.inventory.cluster.release
    found = refusal(_OF_METHOD[situation.method], vm, release)
    return (found,) if found is not None else ()
