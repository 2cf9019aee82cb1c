"""The request as Azure CLI commands for bash and for PowerShell. Passwords are asked, not written.

Flags after the create article of 26 November 2025 and the reference of the stack-hci-vm extension.
Left to ARM and Bicep, which can say it: dynamic memory has no documented flag.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from console.catalog import image_name
from console.model.request import NetworkInterfaceSpec, VirtualMachineSpec
from console.ui.wizard.as_resources import needs_password

_JOIN_FILE = "domain-join.json"
_SECRET_FILE = "domain-join-secret.json"  # noqa: S105 - a file's name


@dataclass(frozen=True)
class _Shell:
    quoted: Callable[[str], str]
    line_end: str
    write_file: Callable[[str, str], str]
    remove_file: str


def bash(spec: VirtualMachineSpec) -> str:
    return _commands(spec, _BASH)


def powershell(spec: VirtualMachineSpec) -> str:
    return _commands(spec, _POWERSHELL)


def _bash_quoted(text: str) -> str:
    """One word for bash, whatever it holds."""
    return "'" + text.replace("'", "'\\''") + "'"


def _powershell_quoted(text: str) -> str:
    """One word for PowerShell; typographic quotes end a text there as well."""
    for quote in "'\u2018\u2019\u201a\u201b":
        text = text.replace(quote, quote * 2)
    return f"'{text}'"


_BASH = _Shell(
    _bash_quoted,
    " \\\n  ",
    lambda name, text: f"printf '%s' {_bash_quoted(text)} > {name}",
    "rm",
)
_POWERSHELL = _Shell(
    _powershell_quoted,
    " `\n  ",
    lambda name, text: f"Set-Content -Path {name} -Value {_powershell_quoted(text)}",
    "Remove-Item",
)


def _commands(spec: VirtualMachineSpec, shell: _Shell) -> str:
    made: list[str] = []
    if spec.image is not None:
        made.append(_image(spec, shell))
    made += [_interface(spec, nic, shell) for nic in spec.network_interfaces if not nic.existing_id]
    made += _disks(spec, shell)
    made.append(_machine(spec, shell))
    if spec.domain_join is not None:
        made.append(_join(spec, shell))
    return "\n\n".join(made) + "\n"


def _common(spec: VirtualMachineSpec, shell: _Shell) -> list[str]:
    return [
        f"--subscription {shell.quoted(spec.subscription_id)}",
        f"--resource-group {shell.quoted(spec.resource_group)}",
        f"--custom-location {shell.quoted(spec.custom_location_id)}",
        f"--location {shell.quoted(spec.location)}",
    ]


def _tags(spec: VirtualMachineSpec, shell: _Shell) -> list[str]:
    if not spec.tags:
        return []
    pairs = (shell.quoted(f"{name}={value}") for name, value in spec.tags.items())
    return ["--tags " + " ".join(pairs)]


def _image(spec: VirtualMachineSpec, shell: _Shell) -> str:
    assert spec.image is not None
    words = [
        "az stack-hci-vm image create",
        *_common(spec, shell),
        f"--name {shell.quoted(image_name(spec.image))}",
        f"--os-type {shell.quoted(spec.os_type)}",
        f"--publisher {shell.quoted(spec.image.publisher)}",
        f"--offer {shell.quoted(spec.image.offer)}",
        f"--sku {shell.quoted(spec.image.sku)}",
    ]
    if spec.storage_path_id:
        words.append(f"--storage-path-id {shell.quoted(spec.storage_path_id)}")
    note = "# The newest version is taken: only the ARM and Bicep forms can fix an image's version."
    return "\n".join([note, shell.line_end.join(words)])


def _interface(spec: VirtualMachineSpec, nic: NetworkInterfaceSpec, shell: _Shell) -> str:
    words = [
        "az stack-hci-vm network nic create",
        *_common(spec, shell),
        f"--name {shell.quoted(nic.name)}",
        f"--subnet-id {shell.quoted(nic.logical_network_id)}",
    ]
    if nic.address:
        words.append(f"--ip-address {shell.quoted(nic.address)}")
    if spec.dns_servers:
        words.append("--dns-servers " + " ".join(map(shell.quoted, spec.dns_servers)))
    return shell.line_end.join([*words, *_tags(spec, shell)])


def _disks(spec: VirtualMachineSpec, shell: _Shell) -> list[str]:
    made = []
    for disk in spec.data_disks:
        if disk.existing_id:
            continue
        words = [
            "az stack-hci-vm disk create",
            *_common(spec, shell),
            f"--name {shell.quoted(disk.name)}",
            f"--size-gb {disk.size_gib}",
            f"--dynamic {str(disk.is_dynamic).lower()}",
        ]
        container = disk.storage_path_id or spec.storage_path_id
        if container:
            words.append(f"--storage-path-id {shell.quoted(container)}")
        made.append(shell.line_end.join([*words, *_tags(spec, shell)]))
    return made


def _machine(spec: VirtualMachineSpec, shell: _Shell) -> str:
    image = image_name(spec.image) if spec.image is not None else spec.image_id
    nics = (nic.existing_id or nic.name for nic in spec.network_interfaces)
    words = [
        "az stack-hci-vm create",
        *_common(spec, shell),
        f"--name {shell.quoted(spec.name)}",
        f"--image {shell.quoted(image)}",
        f"--admin-username {shell.quoted(spec.admin_username)}",
        f"--computer-name {shell.quoted(spec.computer_name or spec.name)}",
        "--hardware-profile vm-size=Custom "
        f"processors={spec.processors} memory-mb={spec.memory_mib}",
        "--security-type TrustedLaunch",
        f"--enable-secure-boot {str(spec.secure_boot).lower()}",
        f"--enable-vtpm {str(spec.vtpm).lower()}",
        f"--enable-agent {str(spec.guest_management).lower()}",
        "--nics " + " ".join(map(shell.quoted, nics)),
    ]
    if spec.storage_path_id:
        words.append(f"--storage-path-id {shell.quoted(spec.storage_path_id)}")
    if spec.data_disks:
        disks = (disk.existing_id or disk.name for disk in spec.data_disks)
        words.append("--attach-data-disks " + " ".join(map(shell.quoted, disks)))
    if spec.ssh_public_keys:
        keys = " ".join(map(shell.quoted, spec.ssh_public_keys))
        words.append(f"--authentication-type ssh --ssh-key-values {keys}")
    if spec.proxy is not None:
        parts = [
            ("http_proxy", spec.proxy.http),
            ("https_proxy", spec.proxy.https),
            ("no_proxy", ",".join(spec.proxy.no_proxy)),
        ]
        if spec.proxy.trusted_ca:
            parts.append(("cert_file_path", "proxy-ca.pem"))
        given = (shell.quoted(f"{name}={value}") for name, value in parts if value)
        words.append("--proxy-configuration " + " ".join(given))
    notes = []
    if needs_password(spec):
        notes.append("# The administrator's password is asked for: keep it off command lines.")
    if spec.proxy is not None and spec.proxy.trusted_ca:
        notes.append("# Save the proxy's certificate as proxy-ca.pem before this.")
    if spec.dynamic_memory is not None:
        notes.append(
            "# Dynamic memory has no documented flag: deploy the ARM or Bicep form for it."
        )
    return "\n".join([*notes, shell.line_end.join([*words, *_tags(spec, shell)])])


def _join(spec: VirtualMachineSpec, shell: _Shell) -> str:
    join = spec.domain_join
    assert join is not None
    settings = {"Name": join.domain, "User": join.user, "Restart": "true", "Options": "3"}
    if join.organizational_unit:
        settings["OUPath"] = join.organizational_unit
    words = [
        "az connectedmachine extension create",
        f"--subscription {shell.quoted(spec.subscription_id)}",
        f"--resource-group {shell.quoted(spec.resource_group)}",
        f"--location {shell.quoted(spec.location)}",
        f"--machine-name {shell.quoted(spec.name)}",
        "--name joindomain --publisher Microsoft.Compute --type JsonADDomainExtension",
        "--type-handler-version 1.3",
        f"--settings '@{_JOIN_FILE}' --protected-settings '@{_SECRET_FILE}'",
    ]
    return "\n".join(
        [
            f'# Before this, make {_SECRET_FILE} with {{"Password": "..."}}, readable by you only.',
            shell.write_file(_JOIN_FILE, json.dumps(settings)),
            shell.line_end.join(words),
            f"{shell.remove_file} {_SECRET_FILE}",
        ]
    )
