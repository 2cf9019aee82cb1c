"""What each field of the wizard may hold, as sentences; pure, and in one place.

Every function returns "" where nothing is wrong. Limits come from the documentation of Azure Local
VMs as read in 2025 and 2026; what no document states is marked unverified.
"""

import ipaddress
import re
from urllib.parse import urlsplit

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_COMPUTER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")
_USER = re.compile(r"[^\s\"/\\\[\]:;|=,+*?<>@]+")
_NOT_IN_USERS = '" / \\ [ ] : ; | = , + * ? < > @'
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_DISK = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,79}")
# The names that Azure refuses for administrators (Azure VM FAQ; unverified for Azure Local).
_RESERVED_USERS = frozenset(
    {"administrator", "admin", "user", "user1", "test", "user2", "test1", "user3", "admin1", "1",
     "123", "a", "actuser", "adm", "admin2", "aspnet", "backup", "console", "david", "guest",
     "john", "owner", "root", "server", "sql", "support", "support_388945a0", "sys", "test2",
     "test3", "user4", "user5"}
)  # fmt: skip
_LOOKALIKES = "Use plain letters a to z: {letter!r} only looks like one."
NAME_LENGTH = 54  # leaves room for the suffixes that interface and disk names get
MEMORY_MIB = (512, 240 * 1024 * 1024)
PROCESSORS = (1, 2048)
BUFFER_PERCENT = (5, 2000)
DISK_GIB = (1, 64 * 1024)
MOST_TAGS, TAG_NAME, TAG_VALUE = 50, 512, 256


def _foreign_letter(text: str) -> str:
    return next((letter for letter in text if letter.isalpha() and not letter.isascii()), "")


def vm_name(text: str) -> str:
    if not text:
        return "Give the VM a name."
    if text != text.strip():
        return "Take the blanks before and after the name away."
    if letter := _foreign_letter(text):
        return _LOOKALIKES.format(letter=letter)
    if any(letter.isupper() for letter in text):
        return "Use lower-case letters only."
    if not _NAME.fullmatch(text):
        return "Use letters a to z, digits and hyphens; begin and end with a letter or digit."
    if len(text) > NAME_LENGTH:
        return f"Use at most {NAME_LENGTH} characters; this has {len(text)}."
    return ""


def computer_name(text: str) -> str:
    """Windows: 15 characters, not digits alone. Empty takes the VM's name."""
    if not text:
        return ""
    if letter := _foreign_letter(text):
        return _LOOKALIKES.format(letter=letter)
    if len(text) > 15:
        return f"Windows allows 15 characters; this has {len(text)}."
    if text.isdigit():
        return "It must not be digits alone."
    if not _COMPUTER.fullmatch(text):
        return "Use letters, digits and hyphens; begin and end with a letter or digit."
    return ""


def user_name(text: str) -> str:
    if not text:
        return "Name the local administrator."
    if text.casefold() in _RESERVED_USERS:
        return f"{text} is a reserved name; choose another."
    if len(text) > 20:
        return f"Windows allows 20 characters; this has {len(text)}."
    if text.endswith(".") or not _USER.fullmatch(text):
        return f"Blanks and {_NOT_IN_USERS} are not allowed, nor a full stop at the end."
    return ""


def password(text: str, user: str) -> str:
    """12 to 123 characters, three of four kinds. Unverified for Azure Local: the server decides."""
    if not text:
        return "Give the administrator a password."
    if not 12 <= len(text) <= 123:
        return f"Use 12 to 123 characters; this has {len(text)}."
    kinds = (str.islower, str.isupper, str.isdigit, lambda letter: not letter.isalnum())
    if sum(any(is_kind(letter) for letter in text) for is_kind in kinds) < 3:
        return "Use three of these: lower case, upper case, digits, other signs."
    if user and len(user) > 2 and user.casefold() in text.casefold():
        return "It must not contain the administrator's name."
    return ""


def number(value: int, limits: tuple[int, int], unit: str) -> str:
    low, high = limits
    return "" if low <= value <= high else f"Choose {low} to {high} {unit}."


def dynamic_memory(minimum: int, start: int, maximum: int) -> str:
    """MiB: minimum <= start <= maximum."""
    if minimum > start:
        return "The least memory must not be more than the memory at start."
    if maximum < start:
        return "The most memory must not be less than the memory at start."
    return ""


def domain(text: str) -> str:
    if not _DOMAIN.fullmatch(text):
        return "Give the full name of the domain, as contoso.example."
    return ""


def domain_user(text: str) -> str:
    if not text or "@" not in text.strip("@"):
        return "Give the joining account as name@domain."
    return ""


def addresses(text: str) -> str:
    """DNS servers, divided by commas."""
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            ipaddress.ip_address(part)
        except ValueError:
            return f"{part} is not an IP address."
    return ""


def proxy(text: str) -> str:
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        is_right = parts.scheme in ("http", "https") and bool(parts.hostname)
        has_secret = parts.password is not None
        _ = parts.port
    except ValueError:
        return "Give it as http://host:port."
    if not is_right:
        return "Give it as http://host:port."
    return (
        "A password in a proxy address would be stored readable; leave it out."
        if has_secret
        else ""
    )


def tags(lines: str) -> str:
    """One ``name=value`` a line (Azure Resource Manager's limits)."""
    parsed = [line for line in lines.splitlines() if line.strip()]
    if len(parsed) > MOST_TAGS:
        return f"Azure takes {MOST_TAGS} tags; these are {len(parsed)}."
    seen = set()
    for line in parsed:
        name, sign, value = (part.strip() for part in line.partition("="))
        if not sign or not name:
            return f"Write {line.strip()[:40]!r} as name=value."
        if len(name) > TAG_NAME or len(value) > TAG_VALUE:
            return f"A name has at most {TAG_NAME} characters, a value {TAG_VALUE}."
        if any(sign in name for sign in "<>%&\\?/"):
            return f"The name {name[:40]!r} must not hold < > % & \\ ? or /."
        if name.casefold() in seen:
            return f"The tag {name[:40]!r} stands twice."
        seen.add(name.casefold())
    return ""


def data_disks(lines: str) -> str:
    """One ``name size-in-GiB`` a line."""
    seen = set()
    for line in filter(str.strip, lines.splitlines()):
        words = line.split()
        if len(words) != 2 or not words[1].isdigit():
            return f"Write {line.strip()[:40]!r} as a name and a size in GiB, as data1 128."
        if not _DISK.fullmatch(words[0]):
            return f"The disk name {words[0][:40]!r} may hold letters, digits and hyphens."
        if wrong := number(int(words[1]), DISK_GIB, "GiB"):
            return f"{words[0]}: {wrong}"
        if words[0].casefold() in seen:
            return f"The disk {words[0]} stands twice."
        seen.add(words[0].casefold())
    return ""
