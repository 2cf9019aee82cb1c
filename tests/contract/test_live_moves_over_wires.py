"""A look while the mouse is down, over the lab's real sockets: what is so now, and nothing more."""

import asyncio

from console.backends import Backend
from console.backends.azure_local import AzureLocalBackend
from console.channel.messages import CheckMoves, MovesChecked
from console.lab.world.clock import MovableClock
from console.model.finding import Finding, Verdict
from console.model.freshness import Wire
from console.model.inventory import Inventory
from console.worker.live_moves import LiveMoves
from tests.contract.conftest import Servers
from tests.unit.worker.test_live_moves import SiteClock


def _as_it_is(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return findings


async def test_a_look_over_sockets_sees_what_changed_and_a_silent_node(
    servers: Servers, clock: MovableClock
) -> None:
    site = servers.site
    cluster = servers.cluster_connection()
    backend = AzureLocalBackend.open(servers.arm_connection(), cluster, clock)
    said: list[MovesChecked] = []
    ready: asyncio.Future[Backend] = asyncio.get_running_loop().create_future()
    ready.set_result(backend)
    inventory = Inventory(await backend.read_snapshot(frozenset(Wire)))
    vm = inventory.vm_named("app-01")
    assert vm is not None
    live = LiveMoves(
        backend=ready,
        inventory=inventory,
        unfinished=tuple,
        clock=SiteClock(clock),
        send=said.append,
        clean=_as_it_is,
        at_most_s=8.0,
    )
    paused, frozen, fine = (name for name in site.nodes if name != vm.owner_node)
    try:
        site.suspend_node(paused, False)
        with site.look():
            site.faults.freeze_node(frozen)
        await live.ask(CheckMoves("t", (vm.key,)))
    finally:
        with site.look():
            site.faults.freeze_node(frozen, on=False)
        await backend.close()
    (answer,) = said
    verdicts = {verdict.node: verdict.verdict for verdict in answer.verdicts}
    assert verdicts == {
        vm.owner_node: Verdict.CANNOT,
        paused: Verdict.CANNOT,
        frozen: Verdict.UNKNOWN,
        fine: Verdict.FITS_WITH_NOTES,
    }
    # The views' own picture is not touched by a look.
    assert inventory.nodes[paused].state.value == "Up"
