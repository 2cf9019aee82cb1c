"""Views of a list that have a name: a search text each; the person's own are kept in a file. No Qt.

Of each kind there is one file a person, for every connection: ``owner:erp`` means the same in all.
"""

from pathlib import Path

import msgspec

from console.ui import state_file


class SavedView(msgspec.Struct, frozen=True):
    """``text`` is what the search line says; ``sort`` a column id, empty: the list's first order.
    ``filter`` names a quick filter of the list, where it has any.
    """

    name: str
    text: str
    sort: str = ""
    is_descending: bool = False
    filter: str = ""

    def shows_as(self, other: "SavedView") -> bool:
        """Whether both find the same rows."""
        return (self.text, self.filter) == (other.text, other.filter)


class ViewsKind(msgspec.Struct, frozen=True):
    """``built_in`` are there from the first start; ``file`` keeps the person's own."""

    file: str
    built_in: tuple[SavedView, ...]


FLEET = ViewsKind(
    "fleet-views.json",
    (
        SavedView("Every VM", ""),
        SavedView("Red", "health:critical"),
        SavedView("Needs attention", "health:notable", "level"),
        SavedView("Not Trusted launch", "-security:TrustedLaunch"),
        SavedView("Secure Boot or vTPM off", "security:TrustedLaunch secureboot:Off"),
        SavedView("Off", "health:off"),
        SavedView("Failed in Azure", "provisioning:Failed"),
        SavedView("Agent silent", "agent:Disconnected"),
    ),
)
VMS = ViewsKind(
    "vm-views.json",
    (
        SavedView("Every VM", ""),
        SavedView("Red", "health:red"),
        SavedView("Needs attention", "", filter="red"),
        SavedView("Not Trusted launch", "", filter="not_tl"),
        SavedView("Secure Boot off", "secureboot:off"),
        SavedView("vTPM off", "vtpm:off"),
        SavedView("Off", "", filter="off"),
        SavedView("Busy: over 80 % CPU", "cpu:>80"),
    ),
)


def load(folder: Path, kind: ViewsKind) -> tuple[SavedView, ...]:
    """The person's own; none where there is no file that can be read."""
    return state_file.load(folder / kind.file, tuple[SavedView, ...]) or ()


def save(folder: Path, kind: ViewsKind, views: tuple[SavedView, ...]) -> None:
    """Write all or nothing. Raises OSError."""
    state_file.write(folder / kind.file, msgspec.json.format(msgspec.json.encode(views)))
