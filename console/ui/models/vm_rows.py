"""Which VMs the table shows and in what order: search, quick filters, sort. No Qt.

The order is kept while data refresh: a row moves only when the person sorts or searches anew, so
nothing jumps away under the mouse. New VMs join at the end, gone ones leave.
"""

from collections.abc import Callable, Iterable
from typing import Any

from console.health import HealthLevel
from console.model.inventory import Inventory
from console.model.virtual_machine import VirtualMachine
from console.ui.models import vm_query
from console.ui.models.query_terms import Query
from console.ui.models.vm_columns import COLUMNS, haystack
from console.ui.models.vm_query import LevelOf

Keep = Callable[[VirtualMachine], bool]
_SORT_KEYS = {column.id: column.key for column in COLUMNS}


class VmRows:
    """Keys of the visible rows over an inventory; ``visible`` is the answer, in order."""

    def __init__(self, inventory: Inventory, level_of: LevelOf | None = None) -> None:
        """``level_of`` by a VM's key, for ``health:``; without it nobody knows."""
        self._inventory = inventory
        self._level_of = level_of or (lambda _key: HealthLevel.UNKNOWN)
        self._haystacks: dict[str, str] = {}
        self.query = Query()
        self._keep: Keep | None = None
        self._sort = "name"
        self._is_descending = False
        self.visible: list[str] = []
        self.replace()

    @property
    def sorting(self) -> tuple[str, bool]:
        """Column id and whether it runs downwards."""
        return self._sort, self._is_descending

    @property
    def asks_for_health(self) -> bool:
        """Whether what is shown may depend on how a VM is."""
        return self._keep is not None or any(t.column == "level" for t in self.query.terms)

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
        """Every term must hold (``vm_query``), in any order; empty shows all."""
        self.query = vm_query.parse(text)
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

    def most(self, column_id: str, count: int) -> list[str]:
        """Keys of the VMs with the largest values of a column, of all there are, now."""
        key_of = _SORT_KEYS[column_id]
        told = [(value, key) for key, vm in self._inventory.vms.items()
                if isinstance(value := key_of(vm), int | float) and value > 0]  # fmt: skip
        return [key for _, key in sorted(told, reverse=True)[:count]]

    def _fits(self, key: str) -> bool:
        vm = self._inventory.vms[key]
        if not vm_query.fits(self.query, vm, self._haystacks[key], self._level_of):
            return False
        return self._keep is None or self._keep(vm)

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
