import asyncio
import time
from collections import Counter

import pytest

from console.checks import OF_MOVES
from console.checks.moves import judge_moves
from console.lab.world import arm_ids
from console.lab.world.bodies import properties_of
from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import SCENARIOS, make_site
from console.lab.world.site import Site
from console.model.freshness import Wire
from console.model.inventory import Inventory
from tests.world_backend import WorldBackend


@pytest.mark.parametrize(
    ("name", "nodes", "vms"), [("small", 4, 60), ("large", 16, 2000), ("empty", 4, 0)]
)
def test_sizes(name: str, nodes: int, vms: int) -> None:
    site = make_site(name, MovableClock())
    assert len(site.nodes) == nodes
    assert all(node.startswith("LAB-") for node in site.nodes)
    assert len([vm for vm in site.vms.values() if not vm.is_resource_bridge]) == vms
    bridges = [vm for vm in site.vms.values() if vm.is_resource_bridge]
    assert ["control-plane" in vm.name for vm in bridges] == [True]
    assert len({vm.name for vm in site.vms.values()}) == len(site.vms)
    assert all(site.free_mib(node) > 0 for node in site.nodes)


def test_small_is_healthy_mixed_and_uneven() -> None:
    site = make_site("small", MovableClock())
    states = Counter(vm.state for vm in site.vms.values())
    assert set(states) == {"Running", "Off"}
    assert 2 <= states["Off"] <= 6
    loads = [len(site.vms_on(node)) for node in site.nodes]
    assert max(loads) > min(loads) + 3
    unmanaged = [vm for vm in site.vms.values() if vm.vm_id not in site.instance_of_vm]
    assert len([vm for vm in unmanaged if not vm.is_resource_bridge]) == 3
    assert all(node.igvm_agent == "Running" for node in site.nodes.values())


def test_seed_decides_everything() -> None:
    def told(seed: int) -> list[str]:
        site = make_site("small", MovableClock(), seed)
        return [f"{vm}" for vm in site.vms.values()]

    assert told(1) == told(1)
    assert told(1) != told(2)


def test_degraded_shows_every_kind_of_trouble() -> None:
    clock = MovableClock()
    site = make_site("degraded", clock)
    clock.advance(3600)
    with site.look():
        nodes, vms = site.nodes.values(), list(site.vms.values())
    assert {node.state for node in nodes} == {"Up", "Down", "Paused"}
    assert any(node.status_flags & 0x2 for node in nodes)
    assert {node.igvm_agent for node in nodes} == {"Running", "Stopped", None}
    assert {node.drain_status for node in nodes} >= {"InProgress", "Failed"}
    assert {"PausedCritical", "Saved", "Off"} <= {vm.state for vm in vms}
    assert "LostCommunication" in {vm.heartbeat for vm in vms}
    assert any(vm.isolation == "TrustedLaunch" and not vm.secure_boot for vm in vms)
    assert any(vm.isolation == "Disabled" and vm.vm_id in site.instance_of_vm for vm in vms)
    assert any(
        vm.isolation == "TrustedLaunch" and vm.vm_id not in site.instance_of_vm for vm in vms
    )
    assert any(m.phase == "Memory" for m in site.migrations.values())
    instances = site.list_resources(arm_ids.INSTANCES, site.settings.group_id)
    states = Counter(properties_of(i.body)["provisioningState"] for i in instances)
    assert states["Failed"] == 1
    orphans = [
        i.id for i in instances if properties_of(i.body).get("hyperVVmId", "x") not in site.vms
    ]
    assert len(orphans) == 2  # the one that failed, and the one whose VM is gone
    images = site.list_resources(arm_ids.MARKET_IMAGES, site.settings.group_id)
    assert "Failed" in {properties_of(i.body)["provisioningState"] for i in images}
    bridge = site.get_resource(site.settings.bridge_id)
    assert bridge is not None
    assert properties_of(bridge.body)["status"] == "Offline"
    assert site.health_faults


def test_unknown_scenario_names_those_there_are() -> None:
    with pytest.raises(KeyError, match="small, degraded, large, empty"):
        make_site("other")
    assert list(SCENARIOS) == ["small", "degraded", "large", "empty", "fleet"]


def _median_ms(site: Site, clock: MovableClock, step: float) -> float:
    took = []
    for _ in range(9):
        clock.advance(step)
        before = time.perf_counter()
        with site.look():
            pass
        took.append(1000 * (time.perf_counter() - before))
    return sorted(took)[4]


def test_large_advances_in_a_few_milliseconds() -> None:
    clock = MovableClock()
    site = make_site("large", clock)
    assert _median_ms(site, clock, 0.01) < 10
    # Every step of five seconds rewrites two thousand VMs' figures: generous for a busy machine.
    assert _median_ms(site, clock, 5.0) < 40


def test_figures_change_with_time_and_not_with_looking() -> None:
    clock = MovableClock()
    site = make_site("small", clock)

    def figures() -> list[tuple[int, int]]:
        with site.look():
            return [(vm.cpu_percent, vm.memory_demand_mib) for vm in site.vms.values()]

    first = figures()
    assert figures() == first
    clock.advance(6)
    assert figures() != first
    assert all(0 <= cpu <= 100 for cpu, _ in figures())
    assert 0 < site.node_cpu_percent("LAB-N1") <= 100


# Only where nobody could read something, a release is old, or a whole wire is silent.
NOT_IN_DEGRADED = {
    "account_may_act",
    "configuration_version_fits",
    "data_is_fresh",
    "migration_network_is_up",
    "node_has_memory",
    "processor_fits",
    "group_is_online",
}


def test_degraded_makes_the_checks_of_a_move_speak() -> None:
    clock = MovableClock(1_800_000_000.0)
    site = make_site("degraded", clock)
    backend = WorldBackend(site)
    inventory = Inventory(asyncio.run(backend.read_snapshot(frozenset(Wire))))
    spoken = {
        finding.check
        for key in inventory.vms
        for verdict in judge_moves(inventory, [key], [], clock.now())
        for finding in verdict.findings
    }
    every = {check.ID for check in OF_MOVES}
    assert every - NOT_IN_DEGRADED <= spoken
