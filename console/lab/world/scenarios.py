"""Sites by name: what the lab can show."""

from collections.abc import Callable

from console.lab.world.clock import Clock, RealClock
from console.lab.world.fleet import Fleet
from console.lab.world.furniture import (
    add_azure_base,
    add_nodes,
    add_offers,
    add_spare_parts,
)
from console.lab.world.population import add_bridge_vm, populate
from console.lab.world.settings import SiteSettings
from console.lab.world.site import Site
from console.lab.world.state import WorldAffinityRule, WorldHealthFault
from console.lab.world.troubles import add_troubles


def _base(clock: Clock, seed: int, nodes: int, settings: SiteSettings | None = None) -> Site:
    site = Site(clock, seed, settings)
    add_azure_base(site)
    add_nodes(site, nodes)
    add_offers(site)
    add_bridge_vm(site, owner=f"LAB-N{min(nodes, 2)}")
    return site


def empty(clock: Clock, seed: int) -> Site:
    """Four nodes and nothing on them but the resource bridge."""
    return _base(clock, seed, 4)


def small(clock: Clock, seed: int) -> Site:
    """The default: four healthy nodes, 60 VMs, two small notes so that it looks alive."""
    site = _base(clock, seed, 4)
    populate(site, 60, unmanaged=3)
    add_spare_parts(site)
    site.health_faults.append(
        WorldHealthFault(
            site.guid("fault", "capacity"),
            "Informational",
            "Microsoft.Health.FaultType.Volume.Capacity",
            "The volume has less than 15 % of its space left.",
            "UserStorage_3",
            site.name,
        )
    )
    # Left in a VM that is off: worth a note, in nobody's way.
    stopped = next(vm for vm in site.vms.values() if vm.state == "Off")
    stopped.mounted_iso = "C:\\ClusterStorage\\UserStorage_1\\iso\\tools-2.4.iso"
    next(vm for vm in site.vms.values() if vm.name == "app-03").checkpoints = 1
    return site


def degraded(clock: Clock, seed: int) -> Site:
    """Every kind of trouble to look at, on eight nodes."""
    site = _base(clock, seed, 8)
    populate(site, 60, unmanaged=3)
    add_troubles(site)
    return site


def large(clock: Clock, seed: int) -> Site:
    """The largest cluster there is: 16 nodes, 2,000 VMs."""
    site = _base(clock, seed, 16)
    for node in site.nodes.values():
        node.memory_mib, node.logical_processors = 2048 * 1024, 256
    populate(site, 2000, unmanaged=40)
    for index, node in enumerate(site.nodes.values()):
        node.fault_domain = f"rack-{index // 4 + 1}"
    site.affinity_rules += [
        WorldAffinityRule("sql apart", "DifferentNode", ("sql-01", "sql-02", "sql-03")),
        WorldAffinityRule("dc racks", "DifferentFaultDomain", ("dc-01", "dc-02")),
    ]
    apart = ("LAB-N1", "LAB-N6", "LAB-N11", "LAB-N3", "LAB-N9")
    for name, owner in zip(("sql-01", "sql-02", "sql-03", "dc-01", "dc-02"), apart, strict=True):
        next(vm for vm in site.vms.values() if vm.name == name).owner = owner
    return site


def fleet(clock: Clock, seed: int) -> Site:
    """500 clusters and 100,000 VMs in Azure; one of the clusters is ``small`` and can be opened."""
    site = small(clock, seed)
    site.fleet = Fleet(seed, vms=100_000 - len(site.vm_of_instance), clusters=499)
    return site


SCENARIOS: dict[str, Callable[[Clock, int], Site]] = {
    "small": small,
    "degraded": degraded,
    "large": large,
    "empty": empty,
    "fleet": fleet,
}


def make_site(name: str, clock: Clock | None = None, seed: int = 1) -> Site:
    """A scenario by name; KeyError lists the names that exist."""
    if name not in SCENARIOS:
        raise KeyError(f"no scenario {name!r}; there are {', '.join(SCENARIOS)}")
    return SCENARIOS[name](clock or RealClock(), seed)
