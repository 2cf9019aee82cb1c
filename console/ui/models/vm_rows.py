"""Which VMs the table shows and in what order: search, quick filters, sort. No Qt.

The order is kept while data refresh: a row moves only when the person sorts or searches anew, so
nothing jumps away under the mouse. New VMs join at the end, gone ones leave.
"""

from collections.abc import Callable, Iterable
from typing import Any

from console.model.inventory import Inventory
from console.model.virtual_machine import VirtualMachine
from console.ui.models.vm_columns import COLUMNS, haystack

Keep = Callable[[VirtualMachine], bool]
_SORT_KEYS = {column.id: column.key for column in COLUMNS}


class VmRows:
    """Keys of the visible rows over an inventory; ``visible`` is the answer, in order."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._haystacks: dict[str, str] = {}
        self._words: tuple[str, ...] = ()
        self._keep: Keep | None = None
        self._sort = "name"
        self._is_descending = False
        self.visible: list[str] = []
        self.replace()

    @property
    def sorting(self) -> tuple[str, bool]:
        """Column id and whether it runs downwards."""
        return self._sort, self._is_descending

    def replace(self) -> None:
        """The inventory was taken anew: look at everything again."""
        self._haystacks = {key: haystack(vm) for key, vm in self._inventory.vms.items()}
        self._rebuild()

    def changed(self, keys: Iterable[str]) -> None:
        """These VMs changed, came or went. Rows keep their place; new ones join at the end."""
        vms = self._inventory.vms
        gone, candidates = set(), []
        for key in keys:
            vm = vms.get(key)
            if vm is None:
                self._haystacks.pop(key, None)
                gone.add(key)
                continue
            self._haystacks[key] = haystack(vm)
            candidates.append(key)
        shown = set(self.visible)
        leaving = gone | {key for key in candidates if key in shown and not self._fits(key)}
        if leaving & shown:
            self.visible = [key for key in self.visible if key not in leaving]
        self.visible += [key for key in candidates if key not in shown and self._fits(key)]

    def search(self, text: str) -> None:
        """Every word must be found, in any order; empty shows all."""
        self._words = tuple(text.casefold().split())
        self._rebuild()

    def keep_only(self, keep: Keep | None) -> None:
        """A quick filter beside the search; None takes it away."""
        self._keep = keep
        self._rebuild()

    def sort_by(self, column_id: str, is_descending: bool = False) -> None:
        """Sort by a column; VMs without a value come last either way. KeyError if unknown."""
        _SORT_KEYS[column_id]  # refused here rather than half-way through
        self._sort, self._is_descending = column_id, is_descending
        self._rebuild()

    def _fits(self, key: str) -> bool:
        text = self._haystacks[key]
        if not all(word in text for word in self._words):
            return False
        return self._keep is None or self._keep(self._inventory.vms[key])

    def _rebuild(self) -> None:
        sort_key = _SORT_KEYS[self._sort]
        with_value: list[tuple[Any, str]] = []
        without: list[tuple[Any, str]] = []
        for key, vm in self._inventory.vms.items():
            if self._fits(key):
                value = sort_key(vm)
                (without if value is None else with_value).append((value, key))
        with_value.sort(reverse=self._is_descending)
        self.visible = [key for _, key in with_value] + [key for _, key in without]
