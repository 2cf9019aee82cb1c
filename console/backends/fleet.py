"""The FleetSource protocol: many clusters through Azure alone, a subscription and a page at a time.

Every coroutine raises only ``BackendError``.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec

from console.model.fleet import FleetCluster


class FleetRow(msgspec.Struct, frozen=True, gc=False):
    """One VM as Azure tells it, in the model's words. ``key``: its machine's ARM id, lower case."""

    key: str
    name: str
    subscription: str
    group: str
    address: str = ""
    vm_id: str = ""
    cluster: str = ""
    location: str = ""
    node: str = ""
    power: str = ""
    provisioning: str = ""
    security: str = ""
    secure_boot: str = ""
    vtpm: str = ""
    agent: str = ""
    error: str = ""
    owner: str = ""
    tags: str = ""
    user: str = ""
    os: str = ""
    processors: int | None = None
    memory_mib: int | None = None
    is_unreadable: bool = False  # only the id could be read of what Azure told


class FleetPage(Protocol):
    """Rows that are decoded only if they are new: a fingerprint tells what was seen before."""

    fingerprints: Sequence[int]

    def row(self, at: int) -> FleetRow | None:
        """None if not even the id can be read."""
        ...


class FleetSource(Protocol):
    """Reads a fleet. ``subscriptions`` are the profile's, or all that the account can see."""

    async def subscriptions(self) -> tuple[tuple[str, str], ...]:
        """Id and name each."""
        ...

    async def clusters(self, subscription: str) -> tuple[FleetCluster, ...]: ...

    def pages(self, subscription: str) -> AsyncIterator[FleetPage]: ...

    async def close(self) -> None: ...
