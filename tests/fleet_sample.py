"""A fleet of any size as the worker would hold it, read from the lab's rows without a wire."""

import functools
import json
import time

import msgspec

from console.backends.azure_local.fleet_rows import GraphPage, clusters
from console.backends.azure_local.translate import WordReader
from console.lab.world.fleet import Fleet
from console.model.fleet import FleetReading, FleetSnapshot
from console.worker.fleet_ledger import FleetLedger

NOW = 1_800_000_000.0
_PAGE = 1_000


def filled_ledger(fleet: Fleet, now: float = NOW) -> FleetLedger:
    """Everything of the fleet that may be read, entered as its pages would be."""
    ledger = FleetLedger()
    read(ledger, fleet, now)
    return ledger


def read(ledger: FleetLedger, fleet: Fleet, now: float = NOW) -> None:
    """One reading of all subscriptions."""
    for one in fleet.subscriptions:
        rows = [fleet.cluster_row(at, one.id, now) for at in one.clusters]
        ledger.set_clusters(one.id, clusters(msgspec.Raw(json.dumps(rows).encode())))
        ledger.begin()
        numbers = fleet.vms_of(one)
        for start in range(0, len(numbers), _PAGE):
            some = [fleet.vm_row(n, one.id, now) for n in numbers[start : start + _PAGE]]
            data = msgspec.Raw(json.dumps(some).encode())
            ledger.take(GraphPage(data, one.id, WordReader(now)))
        ledger.end(one.id)


def readings(fleet: Fleet, read_at: float) -> tuple[FleetReading, ...]:
    return tuple(FleetReading(one.id, one.name, read_at) for one in fleet.subscriptions)


@functools.lru_cache(maxsize=4)
def _snapshot(vms: int, clusters: int) -> tuple[FleetSnapshot, Fleet]:
    fleet = Fleet(1, vms, clusters)
    return filled_ledger(fleet).snapshot(), fleet


def fleet_snapshot(vms: int = 2_000, clusters: int = 20) -> FleetSnapshot:
    """As if it had been read this moment."""
    snapshot, fleet = _snapshot(vms, clusters)
    return msgspec.structs.replace(snapshot, readings=readings(fleet, time.time()))
