"""What the helpdesk's page says of a VM. No Qt, so quick to test."""

from collections.abc import Sequence

from console.health import HealthLevel
from console.model.inventory import Inventory
from console.model.virtual_machine import PowerState, VirtualMachine
from console.ui.models.ages import age_text
from console.ui.models.inspector_facts import azure_read_at, cluster_read_at
from console.ui.models.vm_columns import addresses
from console.ui.plain_text import one_line


def found_text(found: int, shown: int, *, is_searched: bool) -> str:
    """How many VMs the list is of, and which are in it."""
    if not found:
        return "Nothing found. Every word has to be found; try fewer." if is_searched else "No VMs"
    count = f"{found:,} VM{'' if found == 1 else 's'}{' found' if is_searched else ''}"
    return f"{count}, the worst first" + (f"; {shown} shown" if shown < found else "")


def line_of(vm: VirtualMachine, level: HealthLevel) -> tuple[str, str, str]:
    """Title, detail, and both as a screen reader says them, the level in words."""
    name = one_line(vm.name)
    user = vm.azure.admin_username if vm.azure is not None else ""
    where = vm.owner_node or "on no node that is known"
    detail = " · ".join(filter(None, map(one_line, (str(vm.power), where, addresses(vm), user))))
    return name, detail, f"{name}, {level}. {detail}"


def beside_the_point(power: PowerState) -> str:
    """The action nobody asks about in this state, so why it cannot be done needs no words."""
    if power is PowerState.RUNNING:
        return "power_start"
    return "power_restart" if power in (PowerState.STOPPED, PowerState.SAVED) else ""


def refusals_text(refusals: Sequence[tuple[str, str]]) -> str:
    """``(what, why)`` of each thing that cannot be done, a line a reason, in the order given.

    A tooltip would keep it from the keyboard, from a screen reader and from who is on the phone.
    """
    by_why: dict[str, list[str]] = {}
    for what, why in refusals:
        by_why.setdefault(why, []).append(what)
    return "\n".join(f"{', '.join(whats)}: {one_line(why)}" for why, whats in by_why.items())


def standing_of(vm: VirtualMachine, inventory: Inventory, now: float) -> str:
    """Where it is, how it is reached, and how old that is."""
    user = vm.azure.admin_username if vm.azure is not None else ""
    parts = [
        f"{vm.power} on {one_line(vm.owner_node)}" if vm.owner_node else f"{vm.power}",
        one_line(addresses(vm)) or "no address known",
        f"account {one_line(user)}" if user else "",
    ]
    read = f"cluster read {age_text(cluster_read_at(vm, inventory), now)}, Azure read " + age_text(
        azure_read_at(vm, inventory), now
    )
    return " · ".join(filter(None, parts)) + f"\n{read}"
