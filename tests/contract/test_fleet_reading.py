"""A fleet over the lab's sockets: pages, quota, and faults that stay where they belong."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable

import pytest

from console.backends.azure_local.fleet_reading import ResourceGraphFleet
from console.channel.messages import FleetChanged, FleetTold
from console.health.fleet import LEVELS, cluster_notes
from console.lab.world.clock import MovableClock
from console.lab.world.fleet import Fleet
from console.lab.world.site import Site
from console.model.fleet import FleetReading, FleetSnapshot, unpack_part
from console.model.freshness import FaultCode
from console.worker.fleet_watch import FleetWatch
from tests.contract.conftest import Servers


class Reading:
    """A watch over the lab, and everything that it told."""

    def __init__(self, servers: Servers, clock: MovableClock) -> None:
        self.site, self.clock = servers.site, clock
        assert self.site.fleet is not None
        self.fleet: Fleet = self.site.fleet
        told = [one.id for one in (*self.fleet.subscriptions, self.fleet.denied)]
        ids = (self.site.settings.subscription_id, *told)
        self.slept: list[float] = []
        self.source = ResourceGraphFleet(
            servers.arm_connection(subscription_ids=ids), clock, self._sleep
        )
        self.changed: list[FleetChanged] = []
        self.saved: list[FleetSnapshot] = []
        self.watch = FleetWatch(
            source=self.source,
            clock=_LoopClock(clock),
            send=self._send,
            is_congested=lambda: False,
            is_visible=lambda: True,
            save=self.saved.append,
            clean=lambda fault: fault,
        )

    async def _sleep(self, seconds: float) -> None:
        """The quota's window passes in real time at the lab: a little of it is enough here."""
        self.slept.append(seconds)
        await asyncio.sleep(min(seconds, 5.2))

    def _send(self, message: object) -> None:
        if isinstance(message, FleetChanged):
            self.changed.append(message)
        else:
            assert isinstance(message, FleetTold)

    async def once(self) -> None:
        """One reading of everything."""
        await self.watch._read_everything()

    def readings(self) -> dict[str, FleetReading]:
        return self.watch.readings

    def slots_told(self) -> int:
        count = sum(len(unpack_part(one.part).slots) for one in self.changed)
        self.changed.clear()
        return count

    def levels(self) -> Counter[str]:
        return Counter(
            LEVELS[level].name for level in self.watch.ledger.levels if level < len(LEVELS)
        )


class _LoopClock:
    """The worker's clock over the world's."""

    def __init__(self, clock: MovableClock) -> None:
        self.now = clock.now
        self.monotonic: Callable[[], float] = clock.now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@pytest.fixture
def site(clock: MovableClock) -> Site:
    from console.lab.world.scenarios import make_site

    found = make_site("small", clock)
    found.fleet = Fleet(1, vms=2_600, clusters=12, subscriptions=2, denied=2)
    found.faults.graph_quota = 1_000
    return found


@pytest.fixture
async def reading(servers: Servers, clock: MovableClock) -> AsyncIterator[Reading]:
    found = Reading(servers, clock)
    yield found
    await found.source.close()


async def test_every_page_of_every_subscription_is_read_and_told_once(reading: Reading) -> None:
    await reading.once()
    assert reading.watch.ledger.count == 2_600 + len(reading.site.vm_of_instance)
    assert reading.slots_told() == reading.watch.ledger.count
    assert len(reading.watch.ledger.clusters) == 13
    await reading.once()
    assert reading.slots_told() == 0


async def test_only_what_changed_crosses(reading: Reading) -> None:
    await reading.once()
    reading.slots_told()
    reading.fleet.set_power(100, 40, "Paused")
    await reading.once()
    assert reading.slots_told() == 40


async def test_the_sites_own_vms_are_told_as_the_cluster_list_tells_them(reading: Reading) -> None:
    await reading.once()
    ledger = reading.watch.ledger
    slot = ledger.texts["name"].index("app-01")
    vm = reading.site.find_vm("app-01")
    assert vm is not None
    told = {name: ledger.words[name][ledger.numbers[name][slot]] for name in ledger.words}
    assert ledger.texts["vm_id"][slot] == vm.vm_id
    assert ledger.texts["address"][slot] == vm.addresses[0]
    assert told["node"] == vm.owner
    assert (told["power"], told["security"]) == ("Running", "TrustedLaunch")
    assert told["cluster"] == reading.site.settings.cluster_arm_id.lower()


async def test_a_subscription_without_rights_is_marked_and_the_rest_lives(
    reading: Reading,
) -> None:
    await reading.once()
    denied = reading.readings()[reading.fleet.denied.id]
    assert denied.read_at is None
    assert [fault.code for fault in denied.faults] == [FaultCode.FORBIDDEN]
    others = [one for name, one in reading.readings().items() if name != reading.fleet.denied.id]
    assert all(one.read_at is not None and not one.faults for one in others)


async def test_rights_that_are_lost_leave_dated_data(reading: Reading, clock: MovableClock) -> None:
    await reading.once()
    known = reading.watch.ledger.count
    lost = reading.fleet.subscriptions[0].id
    before = reading.readings()[lost].read_at
    reading.site.faults.graph_denied = {lost}
    clock.advance(100)
    await reading.once()
    now = reading.readings()[lost]
    assert reading.watch.ledger.count == known
    assert now.read_at == before
    assert now.faults[0].code is FaultCode.FORBIDDEN
    assert now.faults[0].at == clock.now()
    assert not now.is_stale(clock.now())
    assert now.is_stale(clock.now() + 10_000)


async def test_half_the_rows_malformed_are_not_known_and_the_rest_lives(reading: Reading) -> None:
    await reading.once()
    known, before = reading.watch.ledger.count, reading.levels()
    reading.site.faults.graph_malformed_share = 0.5
    await reading.once()
    assert reading.watch.ledger.count == known
    unknown = reading.levels()["UNKNOWN"] - before["UNKNOWN"]
    assert 0.4 * known < unknown < 0.6 * known
    one = reading.readings()[reading.fleet.subscriptions[0].id]
    assert (one.faults[0].code, one.faults[0].is_partial) == (FaultCode.MALFORMED, True)
    assert one.read_at is not None
    reading.site.faults.graph_malformed_share = 0.0
    await reading.once()
    assert reading.levels() == before
    assert not reading.readings()[one.subscription].faults


async def test_garbled_answers_are_the_fault_of_that_reading_alone(reading: Reading) -> None:
    await reading.once()
    reading.site.faults.malformed_json("arm")
    await reading.once()
    known = reading.watch.ledger.count
    assert all(one.faults for one in reading.readings().values())
    reading.site.faults.malformed_json("arm", on=False)
    await reading.once()
    assert reading.watch.ledger.count == known
    faulty = [name for name, one in reading.readings().items() if one.faults]
    assert faulty == [reading.fleet.denied.id]


async def test_the_quota_is_waited_for_before_it_is_used_up(reading: Reading) -> None:
    reading.site.faults.graph_quota = 6
    await reading.once()
    assert reading.watch.ledger.count == 2_600 + len(reading.site.vm_of_instance)
    assert reading.slept
    assert all(1 <= seconds <= 6 for seconds in reading.slept)
    # Nothing was refused: it stopped asking before the service did.
    faulty = [name for name, one in reading.readings().items() if one.faults]
    assert faulty == [reading.fleet.denied.id]


async def test_a_throttled_graph_is_asked_again_and_then_told(reading: Reading) -> None:
    await reading.once()
    known = reading.watch.ledger.count
    reading.site.faults.arm_throttle(3, retry_after=0.1)
    await reading.once()
    assert len([s for s in reading.slept if s == 1.0]) >= 1
    first = reading.readings()[reading.site.settings.subscription_id]
    assert not first.faults

    async def at_once(seconds: float) -> None:
        reading.slept.append(seconds)

    reading.source._sleep = at_once  # type: ignore[assignment]
    reading.site.faults.arm_throttle(10_000)
    await reading.once()
    assert reading.watch.ledger.count == known
    assert {one.faults[0].code for one in reading.readings().values()} == {FaultCode.THROTTLED}


async def test_a_silent_cluster_and_a_clock_that_is_off_are_told_of_those_clusters(
    reading: Reading, clock: MovableClock
) -> None:
    reading.fleet.disconnect(3)
    reading.fleet.clock_ahead(4)
    await reading.once()
    notes = {
        cluster.name: cluster_notes(cluster, clock.now())
        for cluster in reading.watch.ledger.clusters.values()
        if cluster_notes(cluster, clock.now())
    }
    assert set(notes) == {"site-003", "site-004"}
    assert "does not hear" in notes["site-003"][0]
    assert "24 h ahead" in notes["site-004"][0]
    ledger = reading.watch.ledger
    silent = {
        LEVELS[ledger.levels[slot]].name
        for slot, name in enumerate(ledger.texts["name"])
        if name.split("-")[1] == "003"
    }
    assert "HEALTHY" not in silent


async def test_a_graph_that_is_down_at_the_start_is_told(reading: Reading) -> None:
    reading.site.faults.arm_down = True
    await reading.once()
    assert all(one.read_at is None and one.faults for one in reading.readings().values())
    assert reading.readings()
