"""The wizard as data: its pages and fields, and how values follow each other. Knows no widgets."""

from collections.abc import Callable
from dataclasses import dataclass, field

from console.checks import creation_rules as rules
from console.model.inventory import Inventory
from console.model.request import SecretField
from console.ui.wizard import choices
from console.ui.wizard.choices import Choice, Choices
from console.ui.wizard.draft import Draft

PASSWORD_AGAIN = "admin_password_again"  # noqa: S105 - a field's name
SECRET_FIELDS = (SecretField.ADMIN_PASSWORD, PASSWORD_AGAIN, SecretField.DOMAIN_PASSWORD)
IsShown = Callable[[Draft, Inventory], bool]


def _nothing(_: Draft, __: Inventory) -> list[Choice]:
    return []


def _always(_: Draft, __: Inventory) -> bool:
    return True


def _is_dynamic(draft: Draft, _: Inventory) -> bool:
    return draft.is_dynamic


def is_windows(draft: Draft, inventory: Inventory) -> bool:
    return not choices.is_linux(draft, inventory)


def joins(draft: Draft, inventory: Inventory) -> bool:
    """Only Windows joins a domain at creation."""
    return draft.joins_domain and is_windows(draft, inventory)


def makes_interface(draft: Draft, _: Inventory) -> bool:
    """A new network interface, not one that exists."""
    return not draft.interface_id


def _has_proxy(draft: Draft, _: Inventory) -> bool:
    return bool(draft.http_proxy or draft.https_proxy or draft.no_proxy or draft.trusted_ca)


def takes_fixed_address(draft: Draft, inventory: Inventory) -> bool:
    """A DHCP network hands addresses out itself, and an existing interface has its own."""
    if not makes_interface(draft, inventory):
        return False
    network = choices.network_of(draft, inventory)
    return network is not None and network.is_static is not False


def has_fixed_address(draft: Draft, inventory: Inventory) -> bool:
    return draft.has_fixed_address and takes_fixed_address(draft, inventory)


@dataclass(frozen=True)
class Field:
    """``kind``: text, lines, password, choice, images, number, toggle, disks, existing_disks, tags
    or fixed.

    ``wanted`` is what to choose, as "a storage path", where nothing chosen is wrong.
    """

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    limits: tuple[int, int] = (0, 0)
    unit: str = ""
    choices: Choices = field(default=_nothing)
    wanted: str = ""
    is_shown: IsShown = field(default=_always)


@dataclass(frozen=True)
class Page:
    id: str
    title: str
    intro: str
    fields: tuple[Field, ...] = ()


_BASICS = (
    Field(
        "subscription_id", "&Subscription", "choice",
        choices=choices.subscriptions, wanted="a subscription",
    ),
    Field(
        "resource_group", "&Resource group", "choice",
        choices=choices.resource_groups, wanted="a resource group",
    ),
    Field(
        "custom_location_id", "Custom &location (the cluster)", "choice",
        choices=choices.custom_locations, wanted="a custom location",
    ),
    Field("name", "VM &name", hint="Lower-case letters, digits and hyphens, at most 54."),
)  # fmt: skip
_SIZE = (
    Field("processors", "&Processors", "number", limits=(1, 2048), unit="vCPU"),
    Field("memory_gib", "&Memory", "number", limits=rules.MEMORY_GIB, unit="GiB"),
    Field(
        "is_dynamic", "D&ynamic memory", "toggle",
        "Static or dynamic cannot be changed later; the amounts can.",
    ),
    Field(
        "memory_minimum_gib", "&Least memory", "number",
        limits=rules.MEMORY_GIB, unit="GiB", is_shown=_is_dynamic,
    ),
    Field(
        "memory_maximum_gib", "Mos&t memory", "number",
        limits=rules.MEMORY_GIB, unit="GiB", is_shown=_is_dynamic,
    ),
    Field(
        "memory_buffer", "B&uffer", "number",
        "Kept free above what the guest needs, in per cent.",
        limits=rules.BUFFER_PERCENT, unit="%", is_shown=_is_dynamic,
    ),
    Field(
        "storage_path_id", "&Storage path", "choice",
        "Without a choice the platform would take the first one, even if it is full.",
        choices=choices.storage_paths, wanted="a storage path",
    ),
    Field("data_disks", "New data disks", "disks"),
    Field("existing_disks", "Data disks that exist", "existing_disks"),
)  # fmt: skip
_ADMINISTRATOR = (
    Field("admin_username", "&User name"),
    Field(SecretField.ADMIN_PASSWORD, "&Password", "password"),
    Field(PASSWORD_AGAIN, "Password a&gain", "password"),
    Field("computer_name", "C&omputer name", hint="Empty: the first 15 letters of the VM's name."),
    Field(
        "ssh_keys", "SSH public &keys", "lines",
        "One a line, as in a .pub file. With keys the password may stay empty.",
        is_shown=choices.is_linux,
    ),
    Field("joins_domain", "&Join an Active Directory domain", "toggle", is_shown=is_windows),
    Field("domain", "&Domain", is_shown=joins),
    Field(
        "organizational_unit", "Organizational un&it",
        hint="As OU=Servers,DC=contoso,DC=example. May be empty.", is_shown=joins,
    ),
    Field("domain_user", "Joining &account", hint="As name@domain.", is_shown=joins),
    Field(SecretField.DOMAIN_PASSWORD, "Its pass&word", "password", is_shown=joins),
)  # fmt: skip
_NETWORK = (
    Field("interface_id", "Network &interface", "choice", choices=choices.interfaces),
    Field(
        "logical_network_id", "&Logical network", "choice",
        choices=choices.networks, wanted="a logical network", is_shown=makes_interface,
    ),
    Field(
        "has_fixed_address", "Choose the &address",
        "toggle", "Else the network gives it one.", is_shown=takes_fixed_address,
    ),
    Field("address", "A&ddress", is_shown=has_fixed_address),
    Field(
        "dns_servers", "DN&S servers",
        hint="Divide by commas. Empty: the network's own.", is_shown=makes_interface,
    ),
    Field("guest_management", "&Guest management (Arc agent in the guest)", "toggle"),
    Field("http_proxy", "&HTTP proxy", hint="As http://host:port. Empty for none."),
    Field("https_proxy", "HTTPS &proxy"),
    Field(
        "no_proxy", "No proxy &for",
        hint="Names and addresses, divided by commas.", is_shown=_has_proxy,
    ),
    Field(
        "trusted_ca", "Pro&xy's certificate", "lines",
        "As PEM, if the proxy shows one of your own authority.", is_shown=_has_proxy,
    ),
)  # fmt: skip

PAGES: tuple[Page, ...] = (
    Page(
        "basics", "Basics",
        "Where the VM is kept in Azure, on which cluster it runs, and its name.", _BASICS,
    ),
    Page(
        "image", "Image", "",
        (Field("image", "Image", "images", choices=choices.images, wanted="an image"),),
    ),
    Page("security", "Security", "", (Field("security", "Security type", "fixed"),)),
    Page(
        "size", "Size && storage",
        "How much of the cluster it may use, and where its files lie.", _SIZE,
    ),
    Page(
        "administrator", "Administrator",
        "The local administrator of the guest. Passwords are never written to disk.",
        _ADMINISTRATOR,
    ),
    Page(
        "network", "Network",
        "The network interface the VM gets, and how the guest reaches Azure.", _NETWORK,
    ),
    Page(
        "tags", "Tags", "Labels on everything that is made in Azure. May stay empty.",
        (Field("tags", "Tags", "tags"),),
    ),
    Page("review", "Review && create", ""),
)  # fmt: skip
LAST = len(PAGES) - 1
PAGE_OF: dict[str, int] = {f.name: at for at, page in enumerate(PAGES) for f in page.fields}
FIELDS: dict[str, Field] = {f.name: f for page in PAGES for f in page.fields}
# Checks name a topic; this is the field it stands at.
_FIELD_OF_TOPIC = {"memory": "memory_gib", "storage_path": "storage_path_id"}


def field_of(topic: str, draft: Draft, inventory: Inventory) -> str:
    """The field where a check's finding belongs; empty if it belongs to none."""
    if topic == "network":
        if not makes_interface(draft, inventory):
            return "interface_id"
        return "address" if has_fixed_address(draft, inventory) else "logical_network_id"
    name = _FIELD_OF_TOPIC.get(topic, topic)
    return name if name in PAGE_OF else ""


def fill_empty(draft: Draft, inventory: Inventory) -> None:
    """Give every empty choice what is most likely right; what was chosen is never replaced."""
    for one in FIELDS.values():
        if one.wanted and not getattr(draft, one.name):
            offered = [c.value for c in one.choices(draft, inventory) if not c.why_not]
            setattr(draft, one.name, offered[0] if offered else "")


def new_draft(inventory: Inventory) -> Draft:
    draft = Draft()
    fill_empty(draft, inventory)
    return draft


def follow(draft: Draft, changed: str, inventory: Inventory) -> None:
    """Let what hangs on the changed field follow it."""
    if changed == "subscription_id":
        draft.resource_group = ""
        fill_empty(draft, inventory)
    network = choices.network_of(draft, inventory)
    if network is None:
        return
    if changed == "logical_network_id" or (changed == "has_fixed_address" and not draft.address):
        draft.address = choices.next_free_address(network)
