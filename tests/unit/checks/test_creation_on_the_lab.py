"""Every check of a creation against the lab's own faults: found, and told at its field."""

from collections.abc import Callable

import msgspec
import pytest

from console.checks import run_all
from console.checks.known_issues import on_request
from console.checks.situation import Situation
from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import make_site
from console.lab.world.site import Site
from console.model.finding import Finding, Severity, Verdict, verdict_of
from console.model.freshness import Wire
from console.model.inventory import Inventory
from console.model.request import CreateVirtualMachine, DomainJoinSpec, VirtualMachineSpec
from console.model.snapshot import ClusterInfo, ClusterSnapshot
from console.operations import operation_for
from console.ui.wizard import flow
from console.ui.wizard.building import build_request
from tests.world_backend import WorldBackend

B, U, N = Severity.BLOCKS, Severity.UNKNOWN, Severity.NOTE


def all_agents(state: str | None) -> Callable[[Site], None]:
    def change(site: Site) -> None:
        for node in site.nodes.values():
            node.igvm_agent = state

    return change


def one_agent(site: Site) -> None:
    site.nodes["LAB-N2"].igvm_agent = None


def full(site: Site) -> None:
    for node in site.nodes.values():
        node.memory_mib = node.host_reserve_mib + 1024


def tight(site: Site) -> None:
    """Room for one more VM on each node, but not for the VMs of a node that is lost."""
    for name in site.nodes:
        used = sum(vm.memory_mib for vm in site.vms_on(name) if vm.state == "Running")
        site.nodes[name].memory_mib = used + site.nodes[name].host_reserve_mib + 12 * 1024


def without(right: str) -> Callable[[Site], None]:
    def change(site: Site) -> None:
        site.faults.missing_rights = {right}

    return change


def untold(site: Site) -> None:
    site.faults.permissions_untold = True


def bridge_off(site: Site) -> None:
    site.faults.bridge_offline = True


def no_placement(site: Site) -> None:
    for node in site.nodes.values():
        node.accepts_azure_placement = False


async def findings(change: Callable[[Site], None] | None, **parts: object) -> list[Finding]:
    clock = MovableClock(1_800_000_000.0)
    site = make_site("small", clock)
    if change is not None:
        change(site)
    backend = WorldBackend(site)
    inventory = Inventory(await backend.read_snapshot(frozenset(Wire)))
    draft = flow.new_draft(inventory)
    draft.name, draft.admin_username = "new-01", "grace"
    spec = msgspec.structs.replace(build_request(draft, inventory).spec, **parts)
    request = CreateVirtualMachine(spec)
    checks = operation_for(request).checks
    return list(await run_all(checks, request, inventory, backend, clock.now()))


async def test_a_healthy_site_has_nothing_against_it() -> None:
    assert verdict_of(tuple(await findings(None))) is Verdict.FITS


@pytest.mark.parametrize(
    ("change", "check", "severity", "words", "field"),
    [
        (bridge_off, "resource_bridge_is_online", B, "offline", "custom_location_id"),
        (all_agents("Stopped"), "a_node_has_room", B, "could not start", "security"),
        (all_agents(None), "a_node_has_room", B, "could not start", "security"),
        (one_agent, "a_node_has_room", N, "LAB-N2 (missing)", "security"),
        (full, "a_node_has_room", B, "No node has", "memory"),
        (tight, "a_node_has_room", N, "if one node failed", "memory"),
        (no_placement, "a_node_has_room", B, "takes new VMs from Azure", "memory"),
        (
            without("Microsoft.HybridCompute/machines/write"),
            "rights_suffice", B, "may not register machines (rg-lab)", "resource_group",
        ),
        (
            without("Microsoft.AzureStackHCI/networkInterfaces/write"),
            "rights_suffice", B, "create network interfaces", "resource_group",
        ),
        (
            without("Microsoft.AzureStackHCI/logicalNetworks/join/action"),
            "rights_suffice", B, "use this logical network", "logical_network_id",
        ),
        (
            without("Microsoft.ExtendedLocation/customLocations/deploy/action"),
            "rights_suffice", B, "on this cluster", "custom_location_id",
        ),
        (
            without("Microsoft.AzureStackHCI/storageContainers/deploy/action"),
            "rights_suffice", B, "use this storage path", "storage_path_id",
        ),
        (
            without("Microsoft.AzureStackHCI/marketplaceGalleryImages/deploy/action"),
            "rights_suffice", B, "use this image", "image",
        ),
        (untold, "rights_suffice", N, "is not known: Azure does not tell", ""),
    ],
)  # fmt: skip
async def test_a_fault_of_the_lab_is_found(
    change: Callable[[Site], None], check: str, severity: Severity, words: str, field: str
) -> None:
    found = [one for one in await findings(change) if one.check == check]
    hit = next(one for one in found if words in one.text)
    assert (hit.severity, hit.field) == (severity, field)
    if field:
        inventory = Inventory()
        assert flow.field_of(hit.field, flow.new_draft(inventory), inventory) in flow.PAGE_OF


async def test_a_right_that_is_not_needed_is_not_asked_for() -> None:
    write = without("Microsoft.AzureStackHCI/virtualHardDisks/write")
    assert verdict_of(tuple(await findings(write))) is Verdict.FITS
    extensions = without("Microsoft.HybridCompute/machines/extensions/write")
    assert verdict_of(tuple(await findings(extensions))) is Verdict.FITS
    join = DomainJoinSpec("contoso.example", "a@contoso.example")
    found = await findings(extensions, domain_join=join)
    assert [one.field for one in found] == ["joins_domain"]


@pytest.mark.parametrize(
    ("release", "joins", "issues"),
    [
        ("12.2506.1001.27", False, ["AszIgvmAgent.exe", "mochostagent"]),
        ("12.2506.1001.27", True, ["AszIgvmAgent.exe", "mochostagent", "Extensions"]),
        ("11.2505.1001.22", False, ["AszIgvmAgent.exe"]),
        ("12.2510.1", True, []),
        ("", True, []),
    ],
)
async def test_known_issues_of_the_release(release: str, joins: bool, issues: list[str]) -> None:
    join = DomainJoinSpec("c.example", "a@c") if joins else None
    spec = VirtualMachineSpec("v", "s", "g", "l", "c", domain_join=join)
    inventory = Inventory(ClusterSnapshot(ClusterInfo("c", release=release)))
    found = on_request(CreateVirtualMachine(spec), Situation(inventory, 0.0))
    assert len(found) == len(issues)
    for one, word in zip(found, issues, strict=True):
        assert word in one.text
        assert one.source
        assert one.remedy
