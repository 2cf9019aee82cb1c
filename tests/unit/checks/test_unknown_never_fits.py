"""No node says *Fits* while something that could speak against it is not known.

Said so that no list of "needed facts" can forget one: where a node says Fits with a fact erased, it
has to say Fits with every value that the fact could have.
"""

import enum
from typing import Any

import msgspec
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from console.checks.moves import judge_moves
from console.model.finding import Severity, Verdict
from console.model.freshness import Wire, WireReading
from console.model.inventory import Inventory
from console.model.node import DrainStatus, MigrationNetwork, Node, NodeState, ServiceState
from console.model.placement import AffinityKind, AffinityRule, BalancingMode
from console.model.snapshot import ClusterInfo, ClusterSnapshot
from console.model.virtual_machine import (
    ClusterFacts,
    Heartbeat,
    PowerState,
    SecurityType,
    VirtualMachine,
    VmActivity,
    VmKind,
    VmMetrics,
)

replace = msgspec.structs.replace
NOW = 1_800_000_000.0
GIB = 1024
MODEL = "Intel(R) Xeon(R) Gold 6338"

# Of every fact: how it stands where nobody could read it, and values that it could have.
Domain = tuple[Any, tuple[Any, ...]]


def _all(kind: type[enum.Enum], unknown: enum.Enum) -> Domain:
    return unknown, tuple(value for value in kind if value is not unknown)


def _flag() -> Domain:
    return None, (True, False)


NETWORK = MigrationNetwork("A", True, 25_000, True)
OF_NODE: dict[str, Domain] = {
    "state": _all(NodeState, NodeState.UNKNOWN),
    "fqdn": ("", ("n1.example",)),
    "drain": _all(DrainStatus, DrainStatus.UNKNOWN),
    "logical_processors": (None, (1, 64)),
    "cpu_percent": (None, (0.0, 99.0)),
    "memory_total_mib": (None, (8 * GIB, 4096 * GIB)),
    "memory_available_mib": (None, (0, 4000 * GIB)),
    "igvm_agent": _all(ServiceState, ServiceState.UNKNOWN),
    "igvm_agent_version": ("", ("1.0",)),
    "migration_networks": ((), ((NETWORK,), (replace(NETWORK, is_up=False),))),
    "processor_model": ("", (MODEL, "Intel(R) other", "AMD EPYC 9354")),
    "os_build": ("", ("10.0.26100.1", "10.0.25398.1")),
    "fault_domain": (None, ("", "A", "B")),
    "switches": (None, ((), ("S",), ("S", "T"))),
    "vm_versions": (None, (("12.0",), ("9.0",))),
    "accepts_azure_placement": _flag(),
    "azure_connection": ("", ("Connected", "Disconnected")),
    "network_kib_s": (None, (0, 10**6)),
    "storage_kib_s": (None, (0, 10**6)),
    "read_at": (None, (NOW, NOW - 10**6)),
}
OF_VM: dict[str, Domain] = {
    "power": _all(PowerState, PowerState.UNKNOWN),
    "heartbeat": _all(Heartbeat, Heartbeat.UNKNOWN),
    "activity": _all(VmActivity, VmActivity.UNKNOWN),
    "is_clustered": _flag(),
    "group_state": ("", ("Online", "Offline", "Failed", "PartialOnline", "Pending")),
    "group_flags": (None, (0, 1, 4)),
    "generation": (None, (1, 2)),
    "configuration_version": ("", ("12.0", "11.0")),
    "processors": (None, (1, 64)),
    "memory_mib": (None, (GIB, 8192 * GIB)),
    "has_dynamic_memory": _flag(),
    "security": _all(SecurityType, SecurityType.UNKNOWN),
    "secure_boot": _flag(),
    "vtpm": _flag(),
    "vtpm_state": ("", ("a.1",)),
    "running_since": (None, (NOW,)),
    "mounted_iso": (None, ("", "C:\\a.iso")),
    "has_checkpoints": _flag(),
    "possible_owners": (None, ((), ("N1",), ("N1", "N2"))),
    "preferred_owners": (None, ((), ("N1",))),
    "anti_affinity": (None, ((), ("sql",))),
    "is_processor_compatible": _flag(),
    "switches": (None, ((), ("S",), ("T",), ("no such",))),
    "addresses": ((), (("10.0.0.1",),)),
    "volumes": ((), (("a",),)),
    "has_guest_state_key": _flag(),
}
RULES = (
    *((kind, ("v1", "v2")) for kind in AffinityKind),
    (AffinityKind.DIFFERENT_NODE, ("v2", "v3")),
)
OF_CLUSTER: dict[str, Domain] = {
    "arm_id": ("", ("/a",)),
    "release": ("", ("2510", "2605")),
    "os_build": ("", ("10.0.26100.1", "10.0.25398.1")),
    "azure_connection": ("", ("Connected", "Disconnected")),
    "parallel_migrations": (None, (1, 10)),
    "migration_encrypted": _flag(),
    "affinity_rules": (None, ((), *((AffinityRule("R", *rule),) for rule in RULES))),
    "balancing": _all(BalancingMode, BalancingMode.UNKNOWN),
    "balancing_level": (None, (1, 2, 3)),
    "enforces_anti_affinity": _flag(),
    "rights": (None, ((), ("quick_migrate",), ("live_migrate",))),
    "resource_bridge_online": _flag(),
    "health_faults": ((), ()),
    "volumes": (None, ((),)),
    "storage_links": (None, ((),)),
}
OF_FIGURES: dict[str, Domain] = {
    "cpu_percent": (None, (0, 99)),
    "memory_assigned_mib": (None, (GIB, 8192 * GIB)),
    "memory_demand_mib": (None, (GIB, 8192 * GIB)),
    "network_kib_s": (None, (0, 10**6)),
    "storage_kib_s": (None, (0, 10**6)),
}
# What cannot be "not known": identities, and what the absence of is a fact.
IDENTITIES = {
    Node: {"name"},
    ClusterFacts: {"vm_id", "owner_node", "group", "migration", "read_at"},
    ClusterInfo: {"name"},
    VmMetrics: set[str](),
}
FACTS = [
    *(("node", name) for name in OF_NODE),
    *(("vm", name) for name in OF_VM),
    *(("cluster", name) for name in OF_CLUSTER),
    *(("figures", name) for name in OF_FIGURES),
]


@pytest.mark.parametrize(
    ("struct", "domains"),
    [
        (Node, OF_NODE),
        (ClusterFacts, OF_VM),
        (ClusterInfo, OF_CLUSTER),
        (VmMetrics, OF_FIGURES),
    ],
)
def test_every_fact_of_the_model_is_tried(
    struct: type[msgspec.Struct], domains: dict[str, Domain]
) -> None:
    fields = {field.name for field in msgspec.structs.fields(struct)}
    assert set(domains) == fields - IDENTITIES[struct]


def a_node(name: str, **facts: Any) -> Node:
    known: dict[str, Any] = {
        "state": NodeState.UP,
        "cpu_percent": 10.0,
        "memory_total_mib": 512 * GIB,
        "memory_available_mib": 400 * GIB,
        "igvm_agent": ServiceState.RUNNING,
        "migration_networks": (NETWORK,),
        "processor_model": MODEL,
        "os_build": "10.0.26100.1",
        "fault_domain": "",
        "switches": ("S", "T"),
        "vm_versions": ("11.0", "12.0"),
        "read_at": NOW,
    }
    return Node(name, **{**known, **facts})


def a_vm(name: str, owner: str, **facts: Any) -> VirtualMachine:
    known: dict[str, Any] = {
        "power": PowerState.RUNNING,
        "activity": VmActivity.NONE,
        "is_clustered": True,
        "group": name,
        "group_state": "Online",
        "group_flags": 0,
        "configuration_version": "12.0",
        "memory_mib": 8 * GIB,
        "has_dynamic_memory": False,
        "security": SecurityType.TRUSTED_LAUNCH,
        "mounted_iso": "",
        "possible_owners": (),
        "preferred_owners": (),
        "anti_affinity": (),
        "is_processor_compatible": False,
        "switches": ("S",),
    }
    cluster = ClusterFacts(name, owner, **{**known, **facts})
    figures = VmMetrics(5, 8 * GIB, 4 * GIB)
    return VirtualMachine(name, name, VmKind.AZURE_LOCAL, cluster, metrics=figures)


def a_cluster(**facts: Any) -> ClusterInfo:
    known: dict[str, Any] = {
        "release": "2605",
        "os_build": "10.0.26100.1",
        "parallel_migrations": 2,
        "migration_encrypted": True,
        "affinity_rules": (),
        "balancing": BalancingMode.ALWAYS,
        "balancing_level": 1,
        "enforces_anti_affinity": False,
        "rights": ("live_migrate",),
    }
    return ClusterInfo("c", **{**known, **facts})


def some(domains: dict[str, Domain], *names: str) -> st.SearchStrategy[dict[str, Any]]:
    """At most two of these facts as they could be, the others as a healthy site has them."""
    one = st.sampled_from(names).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(domains[name][1]))
    )
    return st.lists(one, max_size=2).map(dict)


@st.composite
def snapshots(draw: st.DrawFn) -> ClusterSnapshot:
    """Two to five nodes and three to seven VMs of which everything is known."""
    varied_nodes = some(
        OF_NODE, "cpu_percent", "igvm_agent", "processor_model", "fault_domain", "switches",
        "memory_available_mib",
    )  # fmt: skip
    varied_vms = some(
        OF_VM, "security", "switches", "anti_affinity", "possible_owners", "power",
        "has_dynamic_memory", "configuration_version",
    )  # fmt: skip
    varied_cluster = some(
        OF_CLUSTER, "affinity_rules", "balancing", "balancing_level", "enforces_anti_affinity",
        "release", "parallel_migrations",
    )  # fmt: skip
    names = [f"N{number}" for number in range(1, draw(st.integers(2, 5)) + 1)]
    nodes = tuple(a_node(name, **draw(varied_nodes)) for name in names)
    vms = tuple(
        a_vm(f"v{number}", draw(st.sampled_from(names)), **draw(varied_vms))
        for number in range(1, draw(st.integers(3, 7)) + 1)
    )
    wire = WireReading(Wire.CLUSTER, NOW)
    return ClusterSnapshot(a_cluster(**draw(varied_cluster)), nodes, vms, cluster_wire=wire)


def judged(snapshot: ClusterSnapshot, keys: tuple[str, ...], now: float = NOW) -> dict[str, bool]:
    """Whether each node says Fits."""
    verdicts = judge_moves(Inventory(snapshot), keys, [], now)
    return {verdict.node: verdict.verdict is Verdict.FITS for verdict in verdicts}


def with_fact(snapshot: ClusterSnapshot, place: str, at: int, name: str, value: Any) -> Any:
    """The same with one fact of the ``at``-th node or VM, or of the cluster, changed."""
    if place == "cluster":
        return replace(snapshot, cluster=replace(snapshot.cluster, **{name: value}))
    if place == "node":
        nodes = list(snapshot.nodes)
        nodes[at % len(nodes)] = replace(nodes[at % len(nodes)], **{name: value})
        return replace(snapshot, nodes=tuple(nodes))
    vms = list(snapshot.vms)
    vm = vms[at % len(vms)]
    part = "cluster" if place == "vm" else "metrics"
    vms[at % len(vms)] = replace(vm, **{part: replace(getattr(vm, part), **{name: value})})
    return replace(snapshot, vms=tuple(vms))


DOMAINS = {"node": OF_NODE, "vm": OF_VM, "cluster": OF_CLUSTER, "figures": OF_FIGURES}


def assert_unknown_is_never_fits(
    snapshot: ClusterSnapshot, keys: tuple[str, ...], place: str, at: int, name: str
) -> None:
    unknown, values = DOMAINS[place][name]
    facts = snapshot.vms[at % len(snapshot.vms)].cluster
    if name == "memory_assigned_mib" and facts is not None and not facts.has_dynamic_memory:
        return  # what is assigned is what was configured
    erased = judged(with_fact(snapshot, place, at, name, unknown), keys)
    for value in values:
        known = judged(with_fact(snapshot, place, at, name, value), keys)
        wrong = [node for node in erased if erased[node] and not known[node]]
        assert not wrong, f"{wrong} fit with {place} {at} {name} unknown, not with {value!r}"


@settings(max_examples=400, deadline=None)
@given(snapshots(), st.sampled_from(FACTS), st.integers(0, 6), st.integers(1, 3))
def test_a_fact_that_nobody_knows_is_never_taken_for_a_good_one(
    snapshot: ClusterSnapshot, fact: tuple[str, str], at: int, count: int
) -> None:
    keys = tuple(vm.key for vm in snapshot.vms[:count])
    assert_unknown_is_never_fits(snapshot, keys, fact[0], at, fact[1])


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize(("place", "name"), FACTS)
def test_each_fact_of_a_healthy_site_one_by_one(place: str, name: str, at: int) -> None:
    """The lifted VM and two that stay, its own node and two targets: nothing is left to chance."""
    nodes = tuple(a_node(name) for name in ("N1", "N2", "N3"))
    vms = tuple(a_vm(f"v{at}", f"N{at}", has_dynamic_memory=True) for at in (1, 2, 3))
    wire = WireReading(Wire.CLUSTER, NOW)
    snapshot = ClusterSnapshot(a_cluster(), nodes, vms, cluster_wire=wire)
    assert judged(snapshot, ("v1",)) == {"N1": False, "N2": True, "N3": True}
    assert_unknown_is_never_fits(snapshot, ("v1",), place, at, name)


@settings(max_examples=50, deadline=None)
@given(snapshots(), st.one_of(st.none(), st.floats(-1e6, -31.0)))
def test_a_wire_that_is_silent_leaves_nothing_green(
    snapshot: ClusterSnapshot, age: float | None
) -> None:
    read_at = None if age is None else NOW + age
    stale = replace(snapshot, cluster_wire=replace(snapshot.cluster_wire, read_at=read_at))
    assert not any(judged(stale, ("v1",)).values())


@settings(max_examples=50, deadline=None)
@given(snapshots(), st.integers(1, 3))
def test_a_vm_that_the_cluster_does_not_tell_of_fits_nowhere(
    snapshot: ClusterSnapshot, count: int
) -> None:
    vms = [replace(vm, cluster=None) for vm in snapshot.vms[:count]]
    blind = replace(snapshot, vms=(*vms, *snapshot.vms[count:]))
    assert not any(judged(blind, tuple(vm.key for vm in vms)).values())


@settings(max_examples=200, deadline=None)
@given(snapshots(), st.sampled_from(FACTS), st.integers(0, 6), st.data())
def test_every_finding_says_what_to_do(
    snapshot: ClusterSnapshot, fact: tuple[str, str], at: int, data: st.DataObject
) -> None:
    unknown, values = DOMAINS[fact[0]][fact[1]]
    value = data.draw(st.sampled_from((unknown, *values)))
    changed = with_fact(snapshot, fact[0], at, fact[1], value)
    for verdict in judge_moves(Inventory(changed), ("v1", "v2"), [], NOW):
        for finding in verdict.findings:
            assert finding.text.endswith((".", ")")), finding
            assert finding.remedy or finding.severity is Severity.FINE, finding


def test_what_is_tried_does_fit_somewhere() -> None:
    """Otherwise the properties above would say nothing."""
    fits = find(snapshots(), lambda each: any(judged(each, ("v1",)).values()))
    assert any(judged(fits, ("v1",)).values())
