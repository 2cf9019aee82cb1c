"""Puts changes of a fleet into a ledger, or takes them out again."""

import msgspec

from console.worker.fleet_changes import (
    APPEARED,
    CLUSTER,
    CLUSTER_COLUMNS,
    GONE,
    VM,
    unpack_cluster,
    unpacked,
)
from console.worker.fleet_ledger import FleetLedger


def undo(ledger: FleetLedger, subject: str, what: str, before: str) -> None:
    """As it was before the change. KeyError, ValueError: of another version."""
    _become(ledger, subject, what, before, is_there=what == GONE)


def redo(ledger: FleetLedger, subject: str, what: str, after: str) -> None:
    """As it was after the change. KeyError, ValueError: of another version."""
    _become(ledger, subject, what, after, is_there=what == APPEARED)


def _become(ledger: FleetLedger, subject: str, what: str, value: str, *, is_there: bool) -> None:
    if subject.startswith(CLUSTER):
        _become_cluster(ledger, subject.removeprefix(CLUSTER), what, value, is_there=is_there)
        return
    key = subject.removeprefix(VM)
    if what not in (APPEARED, GONE):
        ledger.put(key, what, value)
    elif is_there:
        ledger.restore(key, unpacked(value))
    else:
        ledger.remove(key)


def _become_cluster(
    ledger: FleetLedger, key: str, what: str, value: str, *, is_there: bool
) -> None:
    clusters = ledger.clusters
    if what in (APPEARED, GONE):
        if is_there:
            clusters[key] = unpack_cluster(value)
        else:
            clusters.pop(key, None)
    elif key in clusters:
        if what not in CLUSTER_COLUMNS:
            raise KeyError(what)
        clusters[key] = msgspec.structs.replace(clusters[key], **{what: value})
