"""The wizard as data: pages, fields, what is wrong, and the request they make. Knows no widgets."""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from console.catalog import SupportedImage, load_images, same_image
from console.checks.address_is_free import why_not
from console.model.inventory import Inventory
from console.model.request import (
    CreateVirtualMachine,
    DataDiskSpec,
    DomainJoinSpec,
    DynamicMemorySpec,
    NetworkInterfaceSpec,
    ProxySpec,
    SecretField,
    VirtualMachineSpec,
)
from console.model.site import Image, ImageState, LogicalNetwork
from console.ui.wizard import rules
from console.ui.wizard.draft import Draft

PASSWORD_AGAIN = "admin_password_again"  # noqa: S105 - a field's name
Secrets = Mapping[str, str]


@dataclass(frozen=True)
class Choice:
    """One entry of a list; ``why_not`` tells why it cannot be chosen."""

    value: str
    text: str
    why_not: str = ""


@dataclass(frozen=True)
class Field:
    """``kind``: text, password, choice, images, number, toggle, lines or fixed."""

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    limits: tuple[int, int] = (0, 0)
    choices: Callable[[Inventory], list[Choice]] = field(default=lambda _: [])
    is_shown: Callable[[Draft], bool] = field(default=lambda _: True)


@dataclass(frozen=True)
class Page:
    id: str
    title: str
    intro: str
    fields: tuple[Field, ...] = ()


# -- choices -----------------------------------------------------------------------------------
def subscriptions(inventory: Inventory) -> list[Choice]:
    return [Choice(s.id, f"{s.name} ({s.id})") for s in inventory.site.subscriptions]


def resource_groups(inventory: Inventory) -> list[Choice]:
    return [Choice(g.name, f"{g.name} ({g.location})") for g in inventory.site.resource_groups]


def custom_locations(inventory: Inventory) -> list[Choice]:
    return [Choice(c.arm_id, f"{c.name} ({c.location})") for c in inventory.site.custom_locations]


def storage_paths(inventory: Inventory) -> list[Choice]:
    """Most room first, which is the one recommended."""
    paths = sorted(inventory.site.storage_paths, key=lambda p: -(p.available_mib or -1))
    return [
        Choice(
            path.arm_id,
            f"{path.name}: "
            + (
                "free space not known"
                if path.available_mib is None
                else f"{path.available_mib // 1024} GiB free"
                + (f" of {path.size_mib // 1024}" if path.size_mib else "")
            )
            + (", recommended" if at == 0 and path.available_mib else ""),
        )
        for at, path in enumerate(paths)
    ]


def networks(inventory: Inventory) -> list[Choice]:
    return [
        Choice(
            n.arm_id,
            f"{n.name} ({n.address_prefix or 'no range known'}, "
            f"{'addresses given out' if n.is_static else 'DHCP'})",
        )
        for n in inventory.site.logical_networks
    ]


def offers(inventory: Inventory) -> tuple[SupportedImage, ...]:
    return load_images().offers(inventory.cluster.release)


def images(inventory: Inventory) -> list[Choice]:
    """Ready images first, then what can be downloaded, then what is refused, each with its why."""
    catalogue, release = load_images(), inventory.cluster.release
    ready: list[Choice] = []
    refused: list[Choice] = []
    for image in inventory.site.images:
        reason = catalogue.why_not(image, release) or _not_ready(image)
        size = f", {image.size_mib // 1024} GiB" if image.size_mib else ""
        entry = Choice(f"id:{image.arm_id}", f"{image.name} (on this cluster{size})", reason)
        (refused if reason else ready).append(entry)
    present = [image.reference for image in inventory.site.images if image.reference]
    missing = [
        Choice(f"offer:{at}", f"{offer.name} (will be downloaded first)")
        for at, offer in enumerate(offers(inventory))
        if not any(same_image(offer.reference, known) for known in present)
    ]
    return [*ready, *missing, *refused]


def _not_ready(image: Image) -> str:
    if image.state is ImageState.READY:
        return ""
    if image.state is ImageState.DOWNLOADING:
        percent = "" if image.progress_percent is None else f" ({image.progress_percent} %)"
        return f"It is still being downloaded{percent}."
    if image.state is ImageState.FAILED:
        return f"Its download failed. {image.error_message}".strip()
    return "Whether it is ready is not known."


def network_of(draft: Draft, inventory: Inventory) -> LogicalNetwork | None:
    wanted = draft.logical_network_id
    return next((n for n in inventory.site.logical_networks if n.arm_id == wanted), None)


def next_free_address(network: LogicalNetwork) -> str:
    """The first address of its pools that nobody known holds; empty if there is none."""
    used = set(network.used_addresses)
    for pool in network.pools:
        try:
            low, high = ipaddress.ip_address(pool.start), ipaddress.ip_address(pool.end)
        except ValueError:
            continue
        for value in range(int(low), min(int(high), int(low) + 4096) + 1):
            address = str(type(low)(value))
            if address not in used:
                return address
    return ""


PAGES: tuple[Page, ...] = (
    Page(
        "basics",
        "Basics",
        "Where the VM is kept in Azure, on which cluster it runs, and its name.",
        (
            Field("subscription_id", "&Subscription", "choice", choices=subscriptions),
            Field("resource_group", "&Resource group", "choice", choices=resource_groups),
            Field("custom_location_id", "&Custom location", "choice", choices=custom_locations),
            Field("name", "VM &name", hint="Lower-case letters, digits and hyphens."),
        ),
    ),
    Page("image", "Image", "", (Field("image", "I&mage", "images", choices=images),)),
    Page("security", "Security", "", (Field("security", "Security type", "fixed"),)),
    Page(
        "size",
        "Size && storage",
        "How much of the cluster it may use, and where its files lie.",
        (
            Field("processors", "&Processors", "number", limits=rules.PROCESSORS),
            Field("memory_gib", "&Memory in GiB", "number", limits=(1, 245_760)),
            Field("is_dynamic", "&Dynamic memory (cannot be changed later)", "toggle"),
            Field(
                "memory_minimum_gib",
                "Least memory in GiB",
                "number",
                limits=(1, 245_760),
                is_shown=lambda draft: draft.is_dynamic,
            ),
            Field(
                "memory_maximum_gib",
                "Most memory in GiB",
                "number",
                limits=(1, 245_760),
                is_shown=lambda draft: draft.is_dynamic,
            ),
            Field(
                "memory_buffer",
                "Memory buffer in %",
                "number",
                limits=rules.BUFFER_PERCENT,
                is_shown=lambda draft: draft.is_dynamic,
            ),
            Field("storage_path_id", "S&torage path", "choice", choices=storage_paths),
            Field(
                "data_disks",
                "Data dis&ks",
                "lines",
                hint="One a line: name and size in GiB, as data1 128. Empty for none.",
            ),
        ),
    ),
    Page(
        "administrator",
        "Administrator",
        "The local administrator of the guest. Passwords are never written to disk in clear.",
        (
            Field("admin_username", "&User name"),
            Field(SecretField.ADMIN_PASSWORD, "&Password", "password"),
            Field(PASSWORD_AGAIN, "Password a&gain", "password"),
            Field("computer_name", "C&omputer name", hint="Empty: the name's first 15 letters."),
            Field("joins_domain", "&Join an Active Directory domain", "toggle"),
            Field("domain", "&Domain", is_shown=lambda draft: draft.joins_domain),
            Field(
                "organizational_unit",
                "Organizational unit",
                hint="As OU=Servers,DC=contoso,DC=example. May be empty.",
                is_shown=lambda draft: draft.joins_domain,
            ),
            Field("domain_user", "Joining &account", is_shown=lambda draft: draft.joins_domain),
            Field(
                SecretField.DOMAIN_PASSWORD,
                "Its password",
                "password",
                is_shown=lambda draft: draft.joins_domain,
            ),
        ),
    ),
    Page(
        "network",
        "Network",
        "The network interface the VM gets, and how the guest reaches Azure.",
        (
            Field("logical_network_id", "&Logical network", "choice", choices=networks),
            Field("has_fixed_address", "Choose the &address", "toggle"),
            Field("address", "A&ddress", is_shown=lambda draft: draft.has_fixed_address),
            Field("dns_servers", "DN&S servers", hint="Empty: the network's own."),
            Field("guest_management", "&Guest management (Arc agent in the guest)", "toggle"),
            Field("http_proxy", "HTTP pro&xy", hint="As http://host:port. Empty for none."),
            Field("https_proxy", "HTTPS prox&y"),
            Field("no_proxy", "No proxy &for", hint="Divide by commas."),
        ),
    ),
    Page(
        "tags",
        "Tags",
        "Labels in Azure, one a line as name=value. The console adds tlc-operation of its own.",
        (Field("tags", "&Tags", "lines"),),
    ),
    Page("review", "Review && create", "", ()),
)
PAGE_OF: dict[str, int] = {f.name: at for at, page in enumerate(PAGES) for f in page.fields}
# Findings of checks name a topic; this is the field it stands at.
FIELD_OF_TOPIC = {
    "memory": "memory_gib",
    "storage_path": "storage_path_id",
    "network": "address",
}


def defaults(inventory: Inventory, draft: Draft | None = None) -> Draft:
    """The draft with every empty choice filled by what is most likely right."""
    draft = draft or Draft()
    for name, choices in (
        ("subscription_id", subscriptions),
        ("resource_group", resource_groups),
        ("custom_location_id", custom_locations),
        ("storage_path_id", storage_paths),
        ("logical_network_id", networks),
        ("image", images),
    ):
        offered = [choice.value for choice in choices(inventory) if not choice.why_not]
        if getattr(draft, name) not in offered:
            setattr(draft, name, offered[0] if offered else "")
    return draft


def problems(draft: Draft, secrets: Secrets, inventory: Inventory) -> dict[str, str]:
    """Every field with something wrong, and the sentence that stands beside it."""
    found = {
        "name": rules.vm_name(draft.name) or _taken(draft.name, inventory),
        "processors": rules.number(draft.processors, rules.PROCESSORS, "processors"),
        "memory_gib": rules.number(draft.memory_gib * 1024, rules.MEMORY_MIB, "MiB"),
        "data_disks": rules.data_disks(draft.data_disks),
        "admin_username": rules.user_name(draft.admin_username),
        "computer_name": rules.computer_name(draft.computer_name),
        "dns_servers": rules.addresses(draft.dns_servers),
        "http_proxy": rules.proxy(draft.http_proxy),
        "https_proxy": rules.proxy(draft.https_proxy),
        "tags": rules.tags(draft.tags),
    }
    typed = secrets.get(SecretField.ADMIN_PASSWORD, "")
    found[SecretField.ADMIN_PASSWORD] = rules.password(typed, draft.admin_username)
    if typed != secrets.get(PASSWORD_AGAIN, ""):
        found[PASSWORD_AGAIN] = "The two passwords differ."
    for name, what in _MUST_BE_CHOSEN.items():
        if not getattr(draft, name):
            found[name] = f"Choose {what}."
    if draft.is_dynamic:
        found["memory_minimum_gib"] = rules.dynamic_memory(
            draft.memory_minimum_gib, draft.memory_gib, draft.memory_maximum_gib
        )
        found["memory_buffer"] = rules.number(draft.memory_buffer, rules.BUFFER_PERCENT, "%")
    if draft.joins_domain:
        found["domain"] = rules.domain(draft.domain)
        found["domain_user"] = rules.domain_user(draft.domain_user)
        if not secrets.get(SecretField.DOMAIN_PASSWORD):
            found[SecretField.DOMAIN_PASSWORD] = "Give the joining account's password."
    network = network_of(draft, inventory)
    if draft.has_fixed_address and network is not None:
        nic = NetworkInterfaceSpec(address=draft.address.strip())
        found["address"] = why_not(nic, network) if draft.address else "Give the address."
    return {name: text for name, text in found.items() if text}


_MUST_BE_CHOSEN = {
    "subscription_id": "a subscription",
    "resource_group": "a resource group",
    "custom_location_id": "a custom location",
    "image": "an image",
    "storage_path_id": "a storage path",
    "logical_network_id": "a logical network",
}


def _taken(name: str, inventory: Inventory) -> str:
    known = inventory.vm_named(name)
    return f"A VM named {known.name} exists already." if known is not None else ""


def page_states(draft: Draft, wrong: Mapping[str, str]) -> list[bool]:
    """Whether each page is right."""
    bad = {PAGE_OF[name] for name in wrong if name in PAGE_OF}
    last = len(PAGES) - 1
    return [at not in bad if at < last else not bad for at in range(len(PAGES))]


def build_request(draft: Draft, inventory: Inventory) -> CreateVirtualMachine:
    """The request that the draft asks for. Call it only without problems."""
    location = next(
        (c for c in inventory.site.custom_locations if c.arm_id == draft.custom_location_id), None
    )
    kind, _, which = draft.image.partition(":")
    offer = offers(inventory)[int(which)] if kind == "offer" else None
    dns = tuple(part.strip() for part in draft.dns_servers.split(",") if part.strip())
    proxy = None
    if draft.http_proxy or draft.https_proxy:
        exceptions = tuple(part.strip() for part in draft.no_proxy.split(",") if part.strip())
        proxy = ProxySpec(draft.http_proxy, draft.https_proxy, exceptions)
    spec = VirtualMachineSpec(
        name=draft.name,
        subscription_id=draft.subscription_id,
        resource_group=draft.resource_group,
        location=location.location if location is not None else "",
        custom_location_id=draft.custom_location_id,
        image_id=which if kind == "id" else "",
        image=offer.reference if offer is not None else None,
        secure_boot=draft.secure_boot,
        vtpm=draft.vtpm,
        processors=draft.processors,
        memory_mib=draft.memory_gib * 1024,
        dynamic_memory=DynamicMemorySpec(
            draft.memory_minimum_gib * 1024, draft.memory_maximum_gib * 1024, draft.memory_buffer
        )
        if draft.is_dynamic
        else None,
        storage_path_id=draft.storage_path_id,
        data_disks=tuple(
            DataDiskSpec(f"{draft.name}-{words[0]}", int(words[1]), True, draft.storage_path_id)
            for words in (line.split() for line in draft.data_disks.splitlines() if line.strip())
        ),
        computer_name=draft.computer_name or draft.name[:15].rstrip("-"),
        admin_username=draft.admin_username,
        domain_join=DomainJoinSpec(draft.domain, draft.domain_user, draft.organizational_unit)
        if draft.joins_domain
        else None,
        network_interfaces=(
            NetworkInterfaceSpec(
                name=f"{draft.name}-nic",
                logical_network_id=draft.logical_network_id,
                address=draft.address.strip() if draft.has_fixed_address else "",
            ),
        ),
        dns_servers=dns,
        proxy=proxy,
        guest_management=draft.guest_management,
        tags=dict(
            (part.strip() for part in line.split("=", 1))  # type: ignore[misc]
            for line in draft.tags.splitlines()
            if line.strip()
        ),
    )
    return CreateVirtualMachine(spec)


def secrets_to_send(draft: Draft, secrets: Secrets) -> dict[str, str]:
    """Only what the request needs, by SecretField."""
    sent = {SecretField.ADMIN_PASSWORD.value: secrets.get(SecretField.ADMIN_PASSWORD, "")}
    if draft.joins_domain:
        name = SecretField.DOMAIN_PASSWORD
        sent[name.value] = secrets.get(name, "")
    return sent
