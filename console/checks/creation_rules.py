"""What each part of a creation may hold, as sentences; pure, and in one place for wizard and check.

Every function returns "" where nothing is wrong. Limits come from the documentation of Azure Local
VMs as read in 2025 and 2026 and from the published ARM types; what no document states is marked
unverified and is a warning, never a refusal.
"""

import base64
import binascii
import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Protocol
from urllib.parse import urlsplit

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_COMPUTER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")
_USER = re.compile(r"[^\s\"/\\\[\]:;|=,+*?<>@]+")
_NOT_IN_USERS = '" / \\ [ ] : ; | = , + * ? < > @'
_DOMAIN_PART = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_UNIT = re.compile(r"(OU|CN|DC)=[^,=]+(,(OU|CN|DC)=[^,=]+)*", re.IGNORECASE)
# Published type of disk and interface names, version 2025-06-01-preview.
_RESOURCE = re.compile(r"[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?")
RESOURCE_LENGTH = 64
# The names that Azure refuses for administrators (Azure VM FAQ; unverified for Azure Local).
_RESERVED_USERS = frozenset(
    {"administrator", "admin", "user", "user1", "test", "user2", "test1", "user3", "admin1", "1",
     "123", "a", "actuser", "adm", "admin2", "aspnet", "backup", "console", "david", "guest",
     "john", "owner", "root", "server", "sql", "support", "support_388945a0", "sys", "test2",
     "test3", "user4", "user5"}
)  # fmt: skip
_LOOKALIKES = "Use plain letters a to z: {letter!r} only looks like one."
NAME_LENGTH = 54  # Microsoft.HybridCompute/machines
COMPUTER_LENGTH = 15  # Windows
MEMORY_GIB = (1, 240 * 1024)  # generation 2
PROCESSORS_BY_BUILD = ((26100, 2048), (0, 1024))  # Windows Server 2025, and before
BUFFER_PERCENT = (5, 2000)
DISK_GIB = (1, 64 * 1024)  # VHDX
MOST_DISKS = 256  # SCSI
# Azure Resource Manager. The console sets one tag itself, its operation's id.
MOST_TAGS, TAG_NAME, TAG_VALUE, OWN_TAG = 50, 512, 256, "tlc-operation"
PASSWORD_LENGTH = (12, 123)
MOST_INTERFACES = 64  # synthetic adapters of a generation 2 VM
LINUX_NAME_LENGTH, LINUX_USER_LENGTH = 63, 32  # host name label; useradd
_LINUX_USER = re.compile(r"[a-z_][a-z0-9_-]*")
_KEY_KINDS = (
    "ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
)  # fmt: skip
_SHORTEST_RSA = 2048  # Azure's own limit for Linux VMs; unverified for Azure Local
_CERTIFICATE = re.compile(
    r"(-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+"
)


class NamedDisk(Protocol):
    """A new data disk, as a row of the wizard or as the request has it."""

    @property
    def name(self) -> str: ...

    @property
    def size_gib(self) -> int: ...


def _foreign_letter(text: str) -> str:
    return next((letter for letter in text if letter.isalpha() and not letter.isascii()), "")


def _mixed_in_letter(text: str) -> str:
    """A letter of another script among Latin ones; umlauts and accents are Latin."""
    letters = [(one, unicodedata.name(one, "")) for one in text if one.isalpha()]
    foreign = [one for one, name in letters if not name.startswith("LATIN")]
    return foreign[0] if foreign and len(foreign) < len(letters) else ""


def _has_blank_ends(text: str) -> bool:
    return text != text.strip()


def unseen(text: str) -> str:
    """What a person cannot see in a short text: pasted blanks, signs without a shape, disguises."""
    if _has_blank_ends(text):
        return "Take away the blanks before and after it."
    if not text.isprintable():
        return "It holds signs that cannot be seen."
    if letter := _mixed_in_letter(text):
        return _LOOKALIKES.format(letter=letter)
    return ""


def vm_name(text: str) -> str:
    if not text:
        return "Give the VM a name."
    if _has_blank_ends(text):
        return "Take away the blanks before and after the name."
    if letter := _foreign_letter(text):
        return _LOOKALIKES.format(letter=letter)
    if any(letter.isupper() for letter in text):
        return "Use lower-case letters only."
    if not _NAME.fullmatch(text):
        return "Use letters a to z, digits and hyphens; begin and end with a letter or digit."
    if len(text) > NAME_LENGTH:
        return f"Use at most {NAME_LENGTH} characters; this has {len(text)}."
    return ""


def computer_name(text: str, *, is_linux: bool = False) -> str:
    """Windows: 15 characters, not digits alone. Empty takes the VM's name."""
    if not text:
        return ""
    if _has_blank_ends(text):
        return "Take away the blanks before and after the name."
    if letter := _foreign_letter(text):
        return _LOOKALIKES.format(letter=letter)
    most, who = (LINUX_NAME_LENGTH, "Linux") if is_linux else (COMPUTER_LENGTH, "Windows")
    if len(text) > most:
        return f"{who} allows {most} characters; this has {len(text)}."
    if not _COMPUTER.fullmatch(text):
        return "Use letters, digits and hyphens; begin and end with a letter or digit."
    if text.isdigit() and not is_linux:
        return "A computer name must not be digits alone."
    return ""


def computer_name_of(vm: str, *, is_linux: bool = False) -> str:
    """The guest's name where none was typed: the VM's, as long as the guest takes it."""
    return vm[: LINUX_NAME_LENGTH if is_linux else COMPUTER_LENGTH].rstrip("-")


def user_name(text: str, *, is_linux: bool = False) -> str:
    if not text:
        return "Name the local administrator."
    if text.casefold() in _RESERVED_USERS:
        return f"{text} is a reserved name; choose another."
    if _has_blank_ends(text):
        return "Take away the blanks before and after the name."
    if not text.isprintable():
        return "The name holds signs that cannot be seen."
    if letter := _mixed_in_letter(text):
        return _LOOKALIKES.format(letter=letter)
    if is_linux:
        return _linux_user(text)
    if len(text) > 20:
        return f"Windows allows 20 characters; this has {len(text)}."
    if text.endswith(".") or not _USER.fullmatch(text):
        return f"Blanks and {_NOT_IN_USERS} are not allowed, nor a full stop at the end."
    return ""


def _linux_user(text: str) -> str:
    if len(text) > LINUX_USER_LENGTH:
        return f"Linux allows {LINUX_USER_LENGTH} characters; this has {len(text)}."
    if not _LINUX_USER.fullmatch(text):
        return "Use lower-case letters, digits, hyphen and underscore; begin with a letter."
    return ""


def password_doubt(text: str, user: str) -> str:
    """Azure's convention, unverified for Azure Local: a doubt only, the platform decides."""
    low, high = PASSWORD_LENGTH
    if not text:
        return ""
    if not low <= len(text) <= high:
        wrong = f"Azure asks for {low} to {high} characters; this has {len(text)}."
    elif _kinds(text) < 3:
        wrong = "Azure asks for three of: lower case, upper case, digits, other signs."
    elif len(user) > 2 and user.casefold() in text.casefold():
        wrong = "Windows refuses a password that contains the user name."
    elif _has_blank_ends(text):
        wrong = "It begins or ends with a blank."
    else:
        return ""
    return f"{wrong} The platform may refuse it."


def _kinds(text: str) -> int:
    return (
        any(letter.islower() for letter in text)
        + any(letter.isupper() for letter in text)
        + any(letter.isdigit() for letter in text)
        + any(not letter.isalnum() for letter in text)
    )


def number(value: int, limits: tuple[int, int], unit: str) -> str:
    low, high = limits
    return "" if low <= value <= high else f"Choose {low} to {high} {unit}."


def processors_limits(os_build: str) -> tuple[int, int]:
    """Most virtual processors of a generation 2 VM on this build, as ``10.0.26100.4652``."""
    parts = os_build.split(".")
    # An unknown build gets the wider limit: the platform has the last word.
    build = int(parts[2]) if len(parts) > 2 and parts[2].isdigit() else PROCESSORS_BY_BUILD[0][0]
    return 1, next(most for since, most in PROCESSORS_BY_BUILD if build >= since)


def domain(text: str) -> str:
    if text and (wrong := unseen(text)):
        return wrong
    parts = text.split(".")
    if len(parts) < 2 or len(text) > 255 or not all(map(_DOMAIN_PART.fullmatch, parts)):
        return "Give the full name of the domain, as contoso.example."
    return ""


def organizational_unit(text: str) -> str:
    if wrong := unseen(text):
        return wrong
    if text and not _UNIT.fullmatch(text):
        return "Give it as OU=Servers,DC=contoso,DC=example."
    return ""


def domain_user(text: str) -> str:
    if wrong := unseen(text):
        return wrong
    user, sign, place = text.partition("@")
    if not (sign and user and place) or "@" in place or any(map(str.isspace, text)):
        return "Give the joining account as name@domain."
    return ""


def listed(text: str) -> list[str]:
    """What stands between commas, blanks or line ends."""
    return [part for part in re.split(r"[\s,;]+", text) if part]


def addresses(text: str) -> str:
    """DNS servers, divided by commas."""
    seen = set()
    for part in listed(text):
        try:
            address = ipaddress.ip_address(part)
        except ValueError:
            return f"{part[:60]} is not an IP address."
        if address.is_unspecified or address.is_multicast or part == "255.255.255.255":
            return f"{part} is not the address of one computer."
        if address in seen:
            return f"{part} stands twice."
        seen.add(address)
    return ""


def host_address(text: str, prefix: str) -> str:
    """First and last address of an IPv4 range belong to the range itself."""
    try:
        address, network = ipaddress.ip_address(text), ipaddress.ip_network(prefix, strict=False)
    except ValueError:
        return ""  # told by the check that knows the network
    if network.version != 4 or network.prefixlen > 30:
        return ""
    if address in (network.network_address, network.broadcast_address):
        return f"{text} is the range's own first or last address; no computer can have it."
    return ""


def proxy(text: str) -> str:
    if not text:
        return ""
    as_wanted = "Give it as http://host:port."
    if wrong := unseen(text):
        return wrong
    if any(map(str.isspace, text)):
        return as_wanted
    try:
        parts = urlsplit(text)
        is_right = parts.scheme in ("http", "https") and bool(parts.hostname)
        has_secret = "@" in parts.netloc
        _ = parts.port
    except ValueError:
        return as_wanted
    if not is_right:
        return as_wanted
    if has_secret:
        return "An account in a proxy address would be stored readable in Azure; leave it out."
    return ""


def no_proxy(entries: Sequence[str]) -> str:
    """Names and addresses that are reached without the proxy."""
    return next((f"{entry[:40]!r}: {wrong}" for entry in entries if (wrong := unseen(entry))), "")


def trusted_ca(text: str) -> str:
    """The proxy's certificates, as PEM; a private key would be stored readable in Azure."""
    if "PRIVATE KEY" in text:
        return "That is a private key. Paste the certificate only, and replace that key."
    if text.strip() and not _CERTIFICATE.fullmatch(text.strip()):
        return "Paste it as it stands in the file, from BEGIN CERTIFICATE to END CERTIFICATE."
    return ""


def ssh_keys(keys: Sequence[str]) -> str:
    """Public keys in OpenSSH's form, one a line."""
    seen: set[str] = set()
    for place, key in enumerate(keys, 1):
        if "PRIVATE KEY" in key:
            return "That is a private key. Paste the public one, and replace that key everywhere."
        kind, _, rest = key.partition(" ")
        if kind not in _KEY_KINDS:
            return f"Line {place} is no public key: it begins with none of {', '.join(_KEY_KINDS)}."
        body = rest.split(" ", 1)[0]
        if wrong := _key_body(kind, body):
            return f"Line {place}: {wrong}"
        if body in seen:
            return f"The key of line {place} stands twice."
        seen.add(body)
    return ""


def _key_body(kind: str, body: str) -> str:
    """RFC 4253: fields of four bytes of length and their content; the first repeats the kind."""
    cut = "the key is incomplete; copy the whole line."
    try:
        data = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return cut
    fields = []
    at = 0
    while at + 4 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        fields.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    if at != len(data) or len(fields) < 2:
        return cut
    if fields[0] != kind.encode():
        return f"the key is not of the kind that it names, {kind}."
    if kind == "ssh-rsa":
        bits = int.from_bytes(fields[-1], "big").bit_length()
        if bits < _SHORTEST_RSA:
            return f"an RSA key needs {_SHORTEST_RSA} bits; this has {bits}."
    return ""


def key_lines(text: str) -> list[str]:
    """What was pasted, a key a line; empty lines and blanks around lines fall away."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def tags(rows: Iterable[tuple[str, str]]) -> str:
    """Azure Resource Manager's limits on tags; rows of name and value."""
    rows = list(rows)
    if len(rows) > MOST_TAGS - 1:
        return (
            f"Azure takes {MOST_TAGS} tags, one of which the console sets itself; "
            f"these are {len(rows)}."
        )
    seen = {OWN_TAG}
    for name, value in rows:
        if not name:
            return f"Give the tag with the value {value[:40]!r} a name."
        if _has_blank_ends(name) or _has_blank_ends(value):
            return f"Take away the blanks around {name.strip()[:40]!r}."
        if name.casefold() == OWN_TAG:
            return f"{OWN_TAG} is set by the console itself."
        if len(name) > TAG_NAME or len(value) > TAG_VALUE:
            return f"A tag's name has at most {TAG_NAME} characters, its value {TAG_VALUE}."
        if any(sign in name for sign in "<>%&\\?/") or not name.isprintable():
            return f"The name {name[:40]!r} must not hold < > % & \\ ? or /."
        if letter := _mixed_in_letter(name):
            return f"{name[:40]!r}: {_LOOKALIKES.format(letter=letter)}"
        if not value.isprintable():
            return f"The value of {name[:40]!r} holds signs that cannot be seen."
        if name.casefold() in seen:
            return f"The tag {name[:40]!r} stands twice."
        seen.add(name.casefold())
    return ""


def disk_name_of(vm: str, disk: str) -> str:
    """A disk is a resource of its own in the group: the VM's name keeps it unique."""
    return f"{vm}-{disk}"


def interface_name_of(vm: str) -> str:
    return f"{vm}-nic"


def data_disks(rows: Sequence[NamedDisk], vm: str = "") -> str:
    """Names, sizes and number of new data disks; ``vm`` is the name still to come before them."""
    if len(rows) > MOST_DISKS:
        return f"A VM takes {MOST_DISKS} data disks; these are {len(rows)}."
    seen: set[str] = set()
    for place, row in enumerate(rows, 1):
        name = row.name
        if not name:
            return f"Give disk {place} a name."
        if letter := _foreign_letter(name):
            return f"{name[:40]}: {_LOOKALIKES.format(letter=letter)}"
        if not _RESOURCE.fullmatch(name):
            return (
                f"{name[:40]!r}: use letters, digits, hyphen, dot and underscore; begin and end "
                "with a letter or digit."
            )
        if len(whole := disk_name_of(vm, name) if vm else name) > RESOURCE_LENGTH:
            return (
                f"{name[:40]}: with the VM's name before it, {len(whole)} characters; "
                f"{RESOURCE_LENGTH} are allowed."
            )
        if wrong := number(row.size_gib, DISK_GIB, "GiB"):
            return f"{name}: {wrong}"
        if name.casefold() in seen:
            return f"The disk {name} stands twice."
        seen.add(name.casefold())
    return ""
