"""A fleet through Azure Resource Graph: one subscription after the other, its quota respected.

One subscription a query, so that each has its own age and its own fault: one without rights or with
broken rows leaves the others whole.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import msgspec

from console.backends import BackendError
from console.backends.azure_local import fleet_rows
from console.backends.azure_local.arm_faults import fault_of_status, malformed
from console.backends.azure_local.arm_paths import RESOURCE_GRAPH
from console.backends.azure_local.arm_pipeline import MOST_PAGES, ArmPipeline
from console.backends.azure_local.arm_rows import GraphAnswer
from console.backends.azure_local.connections import ArmConnection, Clock
from console.backends.azure_local.resource_graph import PAGE_ROWS, query_text
from console.backends.azure_local.translate import WordReader
from console.backends.fleet import FleetPage
from console.model.fleet import FleetCluster
from console.model.freshness import Fault, FaultCode

# The person's portal and scripts share the quota: so many queries of each window are left to them.
LEFT_TO_OTHERS = 2
# A window of the quota lasts five seconds; a server's wish beyond this is not slept in full.
LONGEST_WAIT_S = 30.0
MOST_WAITS = 8
_CLOCK = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})")
_ANSWER = msgspec.json.Decoder(GraphAnswer)
_UNREADABLE = (msgspec.MsgspecError, RecursionError, ValueError)
T = TypeVar("T")


class ResourceGraphFleet:
    """``console.backends.fleet.FleetSource`` over one pipeline. Close it."""

    def __init__(
        self,
        connection: ArmConnection,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._pipeline = ArmPipeline(connection)
        self._clock = clock
        self._sleep = sleep
        self._pause_s = 0.0

    async def subscriptions(self) -> tuple[tuple[str, str], ...]:
        """Those of the profile that Azure shows by name; one that it hides keeps its id as name."""
        wanted = tuple(one.lower() for one in self._pipeline.connection.subscription_ids)
        try:
            asked = self._ask("fleet_subscriptions", wanted, "List subscriptions")
            pages = [page async for page in asked]
            told = [one for page in pages for one in _read(fleet_rows.subscriptions, page)]
        except BackendError:
            if not wanted:
                raise
            told = []  # each is asked for itself and tells why it cannot be read
        names = dict(told)
        return tuple((one, names.get(one, "")) for one in wanted) if wanted else tuple(told)

    async def clusters(self, subscription: str) -> tuple[FleetCluster, ...]:
        found: list[FleetCluster] = []
        async for page in self._ask("fleet_clusters", (subscription,), "List clusters"):
            found += _read(fleet_rows.clusters, page)
        return tuple(found)

    async def pages(self, subscription: str) -> AsyncIterator[FleetPage]:
        words = WordReader(self._clock.now())
        async for data in self._ask("fleet_vms", (subscription,), "List VMs"):
            try:
                yield fleet_rows.GraphPage(data, subscription, words)
            except _UNREADABLE as error:
                raise BackendError(malformed("List VMs", str(error))) from error

    async def close(self) -> None:
        await self._pipeline.close()

    async def _ask(
        self, name: str, subscriptions: tuple[str, ...], what: str
    ) -> AsyncIterator[msgspec.Raw]:
        options: dict[str, object] = {"$top": PAGE_ROWS, "resultFormat": "objectArray"}
        body: dict[str, object] = {"query": query_text(name), "options": options}
        if subscriptions:
            body["subscriptions"] = list(subscriptions)
        token: str | None = None
        for _ in range(MOST_PAGES):
            if token:
                options["$skipToken"] = token
            try:
                answer = _ANSWER.decode(await self._post(body, what))
            except _UNREADABLE as error:
                raise BackendError(malformed(what, str(error))) from error
            yield answer.data
            if not answer.skip_token:
                return
            if answer.skip_token == token:
                break
            token = answer.skip_token
        raise BackendError(malformed(what, "the pages do not end"))

    async def _post(self, body: object, what: str) -> bytes:
        """One query, after the wait that the last answer's headers asked for."""
        for _ in range(MOST_WAITS):
            if self._pause_s > 0:
                await self._sleep(self._pause_s)
                self._pause_s = 0.0
            response = await self._pipeline.request("POST", RESOURCE_GRAPH, what, json=body)
            resets = min(_seconds(response.headers.get("x-ms-user-quota-resets-after", "")), 60.0)
            left = response.headers.get("x-ms-user-quota-remaining", "")
            if response.status_code == 429:
                wish = response.headers.get("Retry-After", "")
                asked = float(wish) if wish.isdecimal() else resets
                self._pause_s = min(max(asked, 1.0), LONGEST_WAIT_S)
                continue
            if left.isdecimal() and int(left) <= LEFT_TO_OTHERS:
                self._pause_s = max(resets, 1.0)
            if response.status_code != 200:
                raise BackendError(fault_of_status(response.status_code, response.content, what))
            return bytes(response.content)
        raise BackendError(
            Fault(
                FaultCode.THROTTLED,
                f"{what}: Azure Resource Graph answers nothing but “too many requests”.",
                remedy="Something else asks a lot with this account; it is tried again by itself.",
                kept="What was read before is kept.",
                at=self._clock.now(),
            )
        )


def _read(decode: Callable[[msgspec.Raw], list[T]], data: msgspec.Raw) -> list[T]:
    try:
        return decode(data)
    except _UNREADABLE as error:
        raise BackendError(malformed("List clusters", str(error))) from error


def _seconds(clock: str) -> float:
    """``hh:mm:ss``; 0 for anything else."""
    found = _CLOCK.fullmatch(clock)
    if found is None:
        return 0.0
    hours, minutes, seconds = (int(part) for part in found.groups())
    return float(hours * 3600 + minutes * 60 + seconds)
