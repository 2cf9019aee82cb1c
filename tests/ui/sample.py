"""Snapshots of the simulated site, read in this process: quick, no wires, the same every time."""

import asyncio
import functools

from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import make_site
from console.model.freshness import Wire
from console.model.snapshot import ClusterSnapshot
from console.ui.gallery import freshened
from tests.world_backend import WorldBackend


@functools.cache
def read(scenario: str) -> ClusterSnapshot:
    backend = WorldBackend(make_site(scenario, MovableClock(1_800_000_000.0)))
    return asyncio.run(backend.read_snapshot(frozenset(Wire)))


def snapshot(scenario: str = "small") -> ClusterSnapshot:
    """As if it had been read this moment."""
    return freshened(read(scenario))
