"""How a VM's system is reached: by Remote Desktop or SSH. What a VM says of itself is hostile text.

An address or a name becomes part of a file or a command only after it was read as one.
"""

import hashlib
import ipaddress
import re
import shlex

from console.model.virtual_machine import VirtualMachine

_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*\Z")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}\Z")
_IN_FILE_NAME = re.compile(r"[^A-Za-z0-9-]+")
# https://learn.microsoft.com/azure/virtual-desktop/rdp-properties: asked for credentials, warned of
# a server whose name cannot be proven, this computer's drives and printers kept out of the VM.
_SETTINGS = (
    "prompt for credentials:i:1",
    "authentication level:i:2",
    "enablecredsspsupport:i:1",
    "drivestoredirect:s:",
    "redirectprinters:i:0",
)


def address_of(vm: VirtualMachine) -> str:
    """Where its system answers: its first usable address, IPv4 before IPv6, else its name as Azure
    knows it; empty if nothing usable is known.
    """
    told = vm.cluster.addresses if vm.cluster is not None else ()
    usable = [address for address in map(_address, told) if address is not None]
    usable.sort(key=lambda address: address.version)
    if usable:
        return str(usable[0])
    name = vm.azure.computer_name if vm.azure is not None else ""
    return name if len(name) <= 253 and _NAME.match(name) else ""


def rdp_file(address: str) -> str:
    """The text of a file that Remote Desktop clients open. ``address`` is one of ``address_of``."""
    where = f"[{address}]" if ":" in address else address
    return "\r\n".join((f"full address:s:{where}", *_SETTINGS, ""))


def rdp_file_name(vm: VirtualMachine) -> str:
    """A name that is no path and the same for the same VM."""
    readable = _IN_FILE_NAME.sub("-", vm.name)[:40].strip("-") or "vm"
    digest = hashlib.sha256(vm.key.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{readable}-{digest}.rdp"


def ssh_arguments(vm: VirtualMachine, address: str) -> tuple[str, ...]:
    """The command and its arguments; the account is left out unless it is a plain name."""
    user = vm.azure.admin_username if vm.azure is not None else ""
    account = ("-l", user) if _USER.match(user) else ()
    return ("ssh", *account, address)


def ssh_command(vm: VirtualMachine, address: str) -> str:
    """The same to be pasted into a shell."""
    return shlex.join(ssh_arguments(vm, address))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # A scope ("%eth0") is of the VM, not of this computer, and the name may be anything.
    if getattr(address, "scope_id", None):
        return None
    is_of_no_use = address.is_link_local or address.is_loopback or address.is_unspecified
    return None if is_of_no_use or address.is_multicast else address
