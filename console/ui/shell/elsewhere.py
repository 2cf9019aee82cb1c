"""VMs of the other open connections, for the palette: a name, where it is, and the way there."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from console.ui.plain_text import one_line

if TYPE_CHECKING:
    from console.ui.shell.page import Page


class ElsewhereVm(NamedTuple):
    """``connection`` and ``name`` as they are shown; ``go`` brings tab and VM to the front."""

    name: str
    connection: str
    go: Callable[[], None]


Elsewhere = Callable[[], Iterable[ElsewhereVm]]


def vms_of(pages: Iterable["Page"], show: Callable[["Page"], None]) -> Iterator[ElsewhereVm]:
    """``show`` brings a page to the front."""
    for page in pages:
        connection = page.name
        for vm in page.store.inventory.vms.values():

            def go(page: "Page" = page, key: str = vm.key) -> None:
                show(page)
                page.window.go_to_vm(key)

            yield ElsewhereVm(one_line(vm.name), connection, go)
