"""Affinity rules in the world: a move that breaks one is refused, partners follow."""

import pytest

from console.lab.world.clock import MovableClock
from console.lab.world.errors import WorldError
from console.lab.world.scenarios import make_site
from console.lab.world.site import Site
from console.lab.world.state import WorldAffinityRule, WorldVm


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def site(clock: MovableClock) -> Site:
    return make_site("small", clock)


def named(site: Site, name: str, owner: str) -> WorldVm:
    vm = site.find_vm(name)
    assert vm is not None
    vm.owner = owner
    return vm


@pytest.mark.parametrize("kind", ["DifferentNode", "DifferentFaultDomain"])
def test_a_move_that_breaks_a_rule_is_refused(site: Site, kind: str) -> None:
    mine, other = named(site, "app-01", "LAB-N1"), named(site, "app-02", "LAB-N2")
    site.affinity_rules = [WorldAffinityRule("apart", kind, ("app-01", "app-02"))]
    with pytest.raises(WorldError, match="apart"):
        site.start_migration(mine.vm_id, other.owner, mine.owner, "op")
    site.affinity_rules[0].is_enabled = False
    assert site.start_migration(mine.vm_id, other.owner, mine.owner, "op").target == "LAB-N2"


def test_racks_keep_apart_what_a_rule_of_fault_domains_names(site: Site) -> None:
    mine, _other = named(site, "app-01", "LAB-N1"), named(site, "app-02", "LAB-N2")
    for name, rack in (("LAB-N1", "a"), ("LAB-N2", "b"), ("LAB-N3", "b"), ("LAB-N4", "a")):
        site.nodes[name].fault_domain = rack
    rule = WorldAffinityRule("racks", "DifferentFaultDomain", ("app-01", "app-02"))
    site.affinity_rules = [rule]
    assert site.broken_rule(mine, site.nodes["LAB-N3"]) is rule
    assert site.broken_rule(mine, site.nodes["LAB-N4"]) is None


def test_what_belongs_together_follows(site: Site, clock: MovableClock) -> None:
    mine, other = named(site, "app-01", "LAB-N1"), named(site, "app-02", "LAB-N1")
    site.affinity_rules = [WorldAffinityRule("pair", "SameNode", ("app-01", "app-02"))]
    site.start_migration(mine.vm_id, "LAB-N3", "LAB-N1", "op")
    clock.advance(300)
    with site.look():
        assert (mine.owner, other.owner) == ("LAB-N3", "LAB-N3")
    assert site.counters[f"migrate:{other.vm_id}"] == 1


@pytest.mark.parametrize("change", ["switches", "versions"])
def test_a_node_without_what_the_vm_needs_refuses_it(site: Site, change: str) -> None:
    vm = named(site, "app-01", "LAB-N1")
    if change == "switches":
        site.nodes["LAB-N2"].switches = ("other",)
    else:
        site.nodes["LAB-N2"].vm_versions = ("9.0",)
    with pytest.raises(WorldError, match="event"):
        site.start_migration(vm.vm_id, "LAB-N2", "LAB-N1", "op")
