"""What the search line of the VM table finds. No Qt, so quick to test.

Free words are looked for anywhere; ``node:LAB-N1 health:red cpu:>80 -tag:env=test`` narrows by
columns. Numbers are compared as they are when the search is made: rows do not come and go by
themselves while a person reads them.
"""

import operator
import re
from collections.abc import Callable

from console.health import HealthLevel
from console.model.virtual_machine import VirtualMachine
from console.ui.models import query_terms
from console.ui.models.query_terms import Query, Term
from console.ui.models.vm_columns import BY_ID, FIGURES

LevelOf = Callable[[str], HealthLevel]

FIELDS = {
    "name": "name",
    "address": "address",
    "ip": "address",
    "id": "id",
    "node": "node",
    "state": "state",
    "power": "state",
    "security": "security",
    "secureboot": "secure_boot",
    "vtpm": "vtpm",
    "azure": "azure",
    "kind": "kind",
    "tag": "tags",
    "owner": "owner",
    "user": "user",
    "health": "level",
    "cpu": "cpu",
    "memory": "memory",
    "network": "network",
    "storage": "storage",
}
_LEVELS = {
    "red": (HealthLevel.CRITICAL,),
    "green": (HealthLevel.HEALTHY,),
    "notable": (HealthLevel.CRITICAL, HealthLevel.ATTENTION, HealthLevel.UNKNOWN),
}
_NUMBER = re.compile(r"(<=|>=|<|>|=)?(\d+(?:\.\d+)?)")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq,
}  # fmt: skip


def parse(text: str) -> Query:
    return query_terms.parse(text, FIELDS)


def fits(query: Query, vm: VirtualMachine, haystack: str, level_of: LevelOf) -> bool:
    """Whether all terms hold; ``haystack`` is what ``vm_columns.haystack`` made of it."""
    if query.unknown:
        return False
    return all(
        term.value in haystack if not term.column else _holds(term, vm, level_of) is not term.is_not
        for term in query.terms
    )


def _holds(term: Term, vm: VirtualMachine, level_of: LevelOf) -> bool:
    if term.column == "level":
        level = level_of(vm.key)
        if term.value in _LEVELS:
            return level in _LEVELS[term.value]
        return term.value in str(level).casefold()
    if term.column in FIGURES:
        return _compares(term.value, FIGURES[term.column](vm))
    values = _values(term.column, vm)
    if term.is_exact:
        return term.value in values
    return any(term.value in value for value in values)


def _compares(wanted: str, value: float | None) -> bool:
    """What nobody told is neither more nor less than anything."""
    found = _NUMBER.fullmatch(wanted)
    if found is None or value is None:
        return False
    return _COMPARE[found[1] or "="](value, float(found[2]))


def _values(column: str, vm: VirtualMachine) -> list[str]:
    tags = vm.azure.tags if vm.azure is not None else {}
    if column == "tags":
        return [f"{name}={value}".casefold() for name, value in tags.items()]
    if column == "owner":
        return [value.casefold() for name, value in tags.items() if name.casefold() == "owner"]
    if column == "id":
        return [vm.key.casefold(), vm.azure.arm_id.casefold() if vm.azure is not None else ""]
    if column == "address":
        return [each.casefold() for each in vm.cluster.addresses] if vm.cluster is not None else []
    return [BY_ID[column].text(vm).casefold()]
