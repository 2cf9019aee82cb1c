"""Every rule of a VM, a node and a volume: when it fires, and a case in which it must not."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.health import (
    HealthLevel,
    Kind,
    Surroundings,
    assess_cluster,
    assess_node,
    assurances,
)
from console.health import assess_vm as judge
from console.health.assess import assess_volume
from console.health.chain import EXPLAINS
from console.model.freshness import Wire, WireReading
from console.model.node import DrainStatus, MigrationNetwork, Node, NodeState, ServiceState
from console.model.snapshot import ClusterInfo, HealthFault
from console.model.storage import (
    LinkState,
    NodeAccess,
    StorageLink,
    Volume,
    VolumeAccess,
    VolumeState,
)
from console.model.virtual_machine import (
    AzureFacts,
    ClusterFacts,
    Heartbeat,
    PowerState,
    ProvisioningState,
    SecurityType,
    VirtualMachine,
    VmKind,
)

NOW = 1_000_000.0
PATH = "C:\\ClusterStorage\\V1"
replace = msgspec.structs.replace
FACTS = ClusterFacts(
    "id", "N1", PowerState.RUNNING, Heartbeat.OK,
    security=SecurityType.TRUSTED_LAUNCH, secure_boot=True, vtpm=True, volumes=(PATH,),
    has_guest_state_key=True, running_since=NOW - 9000.0, group_state="Online", read_at=NOW,
)  # fmt: skip
AZURE = AzureFacts(
    "/x", power=PowerState.RUNNING, provisioning=ProvisioningState.SUCCEEDED,
    security=SecurityType.TRUSTED_LAUNCH, agent_status="Connected",
)  # fmt: skip
VM = VirtualMachine("id", "vm-1", VmKind.AZURE_LOCAL, FACTS, AZURE)
NODE = Node(
    "N1", NodeState.UP, igvm_agent=ServiceState.RUNNING, read_at=NOW,
    migration_networks=(MigrationNetwork("M", True),),
)  # fmt: skip
DIRECT = (NodeAccess("N1", VolumeAccess.DIRECT),)
VOLUME = Volume("V1", PATH, VolumeState.ONLINE, "N2", 1_000_000, 500_000, DIRECT)
LINKS = (StorageLink("N1", "S1", LinkState.UP), StorageLink("N1", "S2", LinkState.UP))
INFO = ClusterInfo("c", volumes=(VOLUME,), storage_links=LINKS, resource_bridge_online=True)


def around(
    node: dict[str, Any] | None = None,
    info: dict[str, Any] | None = None,
    volume: dict[str, Any] | None = None,
    now: float = NOW,
) -> Surroundings:
    cluster = replace(INFO, volumes=(replace(VOLUME, **(volume or {})),))
    return Surroundings(
        {"N1": replace(NODE, **(node or {}))},
        replace(cluster, **(info or {})),
        WireReading(Wire.ARM, NOW),
        WireReading(Wire.CLUSTER, NOW),
        now,
    )


def kinds(
    facts: dict[str, Any] | None = None, azure: dict[str, Any] | None = None, **where: Any
) -> list[Kind]:
    vm = replace(VM, cluster=replace(FACTS, **(facts or {})), azure=replace(AZURE, **(azure or {})))
    return [reason.kind for reason in judge(vm, around(**where)).reasons]


LOST_LINKS = {
    "storage_links": (
        StorageLink("N1", "S1", LinkState.FAILED), StorageLink("n1", "S2", LinkState.UNREACHABLE),
    )
}  # fmt: skip
ONE_LINK = {"storage_links": (LINKS[0], StorageLink("N1", "S2", LinkState.FAILED))}
UNREACHABLE = {"access": (NodeAccess("n1", VolumeAccess.UNAVAILABLE),)}
SLOW = {"access": (NodeAccess("N1", VolumeAccess.REDIRECTED),)}
CRITICAL = {"power": PowerState.CRITICAL, "heartbeat": Heartbeat.PAUSED}
SILENT = {"heartbeat": Heartbeat.LOST}
NO_SPACE = {
    "provisioning": ProvisioningState.FAILED, "error_code": "ProvisioningFailed",
    "error_message": "rpc error: There is not enough space on the disk.",
}  # fmt: skip
NO_MEMORY = {"provisioning": ProvisioningState.FAILED, "error_code": "OutOfMemory"}
FAILED = {"group_state": "Failed", "power": PowerState.STOPPED}


def test_a_healthy_vm_has_no_reason() -> None:
    health = judge(VM, around())
    assert (health.level, health.reasons) == (HealthLevel.HEALTHY, ())
    assert health.sentence == "Healthy: running and its guest answers."


@pytest.mark.parametrize(
    ("case", "chain"),
    [
        ({"facts": SILENT}, [Kind.GUEST_SILENT]),
        ({"facts": {**SILENT, "running_since": NOW - 20}}, [Kind.GUEST_STARTING]),
        ({"facts": {"heartbeat": Heartbeat.UNKNOWN}}, [Kind.GUEST_NOT_KNOWN]),
        ({"facts": {"heartbeat": Heartbeat.DISABLED}}, [Kind.GUEST_NOT_KNOWN]),
        ({"facts": {"heartbeat": Heartbeat.APPLICATIONS_CRITICAL}}, [Kind.APPLICATION_CRITICAL]),
        ({"facts": CRITICAL}, [Kind.STANDS_STILL]),
        ({"facts": CRITICAL, "volume": {"state": VolumeState.OFFLINE}},
         [Kind.STANDS_STILL, Kind.VOLUME_OFFLINE]),
        ({"facts": CRITICAL, "volume": {"free_mib": 10}}, [Kind.STANDS_STILL, Kind.VOLUME_FULL]),
        ({"facts": CRITICAL, "volume": UNREACHABLE, "info": None},
         [Kind.STANDS_STILL, Kind.VOLUME_UNREACHABLE]),
        ({"facts": CRITICAL, "info": {"volumes": None}},
         [Kind.STANDS_STILL, Kind.VOLUME_NOT_KNOWN]),
        ({"facts": {"power": PowerState.UNKNOWN}}, [Kind.POWER_NOT_KNOWN]),
        ({"facts": {"power": PowerState.STARTING}}, [Kind.BETWEEN_STATES]),
        ({"facts": FAILED, "azure": {"power": PowerState.STOPPED}}, [Kind.NOT_ONLINE]),
        ({"facts": {**FAILED, "has_guest_state_key": False},
          "azure": {"power": PowerState.STOPPED}}, [Kind.NOT_ONLINE, Kind.KEY_MISSING]),
        ({"facts": {"has_guest_state_key": False}}, [Kind.KEY_MISSING]),
        ({"facts": FAILED, "node": {"igvm_agent": ServiceState.STOPPED},
          "azure": {"power": PowerState.STOPPED}}, [Kind.NOT_ONLINE, Kind.IGVM_AGENT]),
        ({"volume": SLOW}, [Kind.VOLUME_SLOW]),
        ({"volume": {"state": VolumeState.UNKNOWN}}, [Kind.VOLUME_NOT_KNOWN]),
        ({"volume": {"path": "D:\\other"}}, [Kind.VOLUME_NOT_KNOWN]),
        ({"node": {"state": NodeState.DOWN}, "facts": SILENT},
         [Kind.GUEST_SILENT, Kind.NODE_LOST]),
        ({"node": {"state": NodeState.QUARANTINED}}, [Kind.NODE_LOST]),
        ({"node": {"state": NodeState.UNKNOWN}}, [Kind.NODE_NOT_KNOWN]),
        ({"node": {"read_at": NOW - 600}}, [Kind.NODE_SILENT]),
        ({"now": NOW + 3600}, [Kind.CLUSTER_SILENT]),
        ({"azure": {"agent_status": "Disconnected"}}, [Kind.AGENT_DISCONNECTED]),
        ({"azure": {"agent_status": "Disconnected"}, "facts": SILENT},
         [Kind.GUEST_SILENT]),
        ({"azure": {"provisioning": ProvisioningState.FAILED}}, [Kind.AZURE_FAILED]),
        ({"azure": {"provisioning": ProvisioningState.FAILED},
          "info": {"resource_bridge_online": False}}, [Kind.AZURE_FAILED, Kind.BRIDGE_OFFLINE]),
        ({"azure": NO_SPACE, "info": {"resource_bridge_online": False}}, [Kind.AZURE_NO_SPACE]),
        ({"azure": NO_SPACE, "volume": {"free_mib": 10}},
         [Kind.AZURE_NO_SPACE, Kind.VOLUME_FULL]),
        ({"azure": NO_MEMORY, "info": {"resource_bridge_online": False}}, [Kind.AZURE_TOLD_WHY]),
        ({"azure": NO_MEMORY, "volume": {"free_mib": 10}}, [Kind.AZURE_TOLD_WHY]),
        ({"azure": {"power": PowerState.STOPPED}}, [Kind.POWER_DISAGREES]),
        ({"azure": {"host_node": "N2"}}, [Kind.NODE_DISAGREES]),
        ({"azure": {"processors": 4}, "facts": {"processors": 2}}, [Kind.SIZE_DISAGREES]),
        ({"facts": {"security": SecurityType.STANDARD}}, [Kind.NOT_AS_ASKED]),
        ({"facts": {"vtpm": False}}, [Kind.PROTECTION_OFF]),
    ],
    ids=str,
)  # fmt: skip
def test_what_a_vm_can_have(case: dict[str, Any], chain: list[Kind]) -> None:
    assert kinds(**case) == chain


@pytest.mark.parametrize(
    "case",
    [
        {"facts": {"power": PowerState.STOPPED, "heartbeat": Heartbeat.NO_CONTACT},
         "azure": {"power": PowerState.STOPPED}},
        {"facts": {"power": PowerState.STOPPED}, "azure": {"agent_status": "Disconnected"}},
        {"facts": {"power": PowerState.STOPPED}, "azure": {"power": PowerState.UNKNOWN}},
        {"facts": {"security": SecurityType.STANDARD, "vtpm": False, "has_guest_state_key": False},
         "azure": {"security": SecurityType.STANDARD}},
        {"facts": {"has_guest_state_key": None}},
        {"facts": {"volumes": ()}},
        {"info": {"volumes": None, "storage_links": None, "resource_bridge_online": None}},
        {"info": {"resource_bridge_online": False}},
        {"info": LOST_LINKS},
        {"info": ONE_LINK},
        {"node": {"igvm_agent": ServiceState.MISSING}},
        {"node": {"state": NodeState.PAUSED}},
        {"node": {"state": NodeState.DRAINING}},
        {"volume": {"free_mib": 10}},
        {"volume": {"access": ()}},
        {"azure": {"provisioning": ProvisioningState.IN_PROGRESS}},
        {"azure": {"host_node": "n1"}},
        {"azure": {"processors": 4}, "facts": {"processors": None}},
        {"azure": {"memory_mib": 4}, "facts": {"memory_mib": 8, "has_dynamic_memory": True}},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_reason_against_a_vm(case: dict[str, Any]) -> None:
    """Off on purpose, standard as asked, not told, or only a cause without a symptom."""
    if case.get("facts", {}).get("power") is PowerState.STOPPED and not case["azure"].get("power"):
        case = {**case, "azure": {**case["azure"], "power": PowerState.STOPPED}}
    assert kinds(**case) == []


def test_the_issues_chain_from_guest_to_storage_network() -> None:
    where = around(info=LOST_LINKS | {"volumes": (replace(VOLUME, **UNREACHABLE),)})
    vm = replace(VM, cluster=replace(FACTS, power=PowerState.CRITICAL, group_state="PartialOnline"))
    health = judge(vm, where)
    assert [reason.kind for reason in health.chains[0]] == [
        Kind.STANDS_STILL, Kind.VOLUME_UNREACHABLE, Kind.STORAGE_NETWORK_LOST,
    ]  # fmt: skip
    assert health.root is not None
    assert health.root.about == "node:N1"
    assert "The likely cause: N1 lost its storage network." in health.sentence
    for link in health.chains[0]:
        assert link.text
        assert link.evidence
        assert link.owner
        assert link.read_at == NOW


def test_a_node_that_is_down_is_the_cause_of_its_lost_links() -> None:
    where = around(
        node={"state": NodeState.DOWN},
        info=LOST_LINKS | {"volumes": (replace(VOLUME, **UNREACHABLE),)},
    )
    vm = replace(VM, cluster=replace(FACTS, **CRITICAL))
    chain = judge(vm, where).chains[0]
    assert chain[-1].kind is Kind.NODE_LOST


@pytest.mark.parametrize(
    ("node", "info", "found"),
    [
        ({}, {}, []),
        ({"state": NodeState.DOWN}, LOST_LINKS, [Kind.NODE_LOST]),
        ({"state": NodeState.PAUSED}, {}, [Kind.NODE_MAINTENANCE]),
        ({"state": NodeState.PAUSED, "drain": DrainStatus.FAILED}, {}, [Kind.NODE_MAINTENANCE]),
        ({"state": NodeState.UNKNOWN}, {}, [Kind.NODE_NOT_KNOWN]),
        ({"igvm_agent": ServiceState.MISSING}, {}, [Kind.IGVM_AGENT]),
        ({"igvm_agent": ServiceState.UNKNOWN}, {}, []),
        ({"migration_networks": (MigrationNetwork("M", False),)}, {}, [Kind.MIGRATION_NETWORK]),
        ({"migration_networks": ()}, {}, []),
        ({}, LOST_LINKS, [Kind.STORAGE_NETWORK_LOST]),
        ({}, ONE_LINK, [Kind.STORAGE_LINK_LOST]),
        ({}, {"storage_links": None}, []),
    ],
    ids=str,
)
def test_what_a_node_can_have(
    node: dict[str, Any], info: dict[str, Any], found: list[Kind]
) -> None:
    where = around(node=node, info=info)
    assert [reason.kind for reason in assess_node(where.nodes["N1"], where).reasons] == found


def test_an_error_that_names_its_cause_is_told_as_the_cause() -> None:
    failed = replace(VM, cluster=None, azure=replace(AZURE, **NO_SPACE))
    health = judge(failed, around(info={"resource_bridge_online": False}))
    assert health.level is HealthLevel.CRITICAL
    assert health.sentence == "Azure's last work on vm-1 failed. The storage path is full."
    assert health.root is not None
    assert "not enough space on the disk" in health.root.evidence
    assert health.root.remedy.endswith("choose a storage path with more room.")


def test_volumes_and_the_bridge_speak_for_themselves() -> None:
    assert assess_volume(VOLUME, around()).level is HealthLevel.HEALTHY
    low = assess_volume(replace(VOLUME, free_mib=20_000), around())
    assert [reason.kind for reason in low.reasons] == [Kind.VOLUME_LOW]
    off = assess_volume(replace(VOLUME, state=VolumeState.FAILED), around())
    assert off.level is HealthLevel.CRITICAL
    untold = replace(VOLUME, free_mib=None)
    assert assess_volume(untold, around()).level is HealthLevel.HEALTHY
    assert assess_cluster(around()).level is HealthLevel.HEALTHY
    bridge = assess_cluster(around(info={"resource_bridge_online": False}))
    assert [reason.kind for reason in bridge.reasons] == [Kind.BRIDGE_OFFLINE]


def test_what_the_health_service_says() -> None:
    def fault(severity: str, about: str) -> HealthFault:
        return HealthFault("1", severity, "Microsoft.Health.FaultType.X.Y", "It is so.", about)

    faults = (fault("Warning", "n1"), fault("Error", "V1"), fault("Informational", "V1"))
    where = around(info={"health_faults": faults})
    node = assess_node(where.nodes["N1"], where)
    assert [(reason.kind, reason.level) for reason in node.reasons] == [
        (Kind.HEALTH_FAULT, HealthLevel.ATTENTION)
    ]
    assert [reason.text for reason in assess_cluster(where).reasons] == ["V1: It is so."]
    lost = around(node={"state": NodeState.DOWN}, info={"health_faults": faults})
    assert [reason.kind for reason in assess_node(lost.nodes["N1"], lost).chains[0]] == [
        Kind.NODE_LOST
    ]
    odd = around(info={"health_faults": (fault("Levitating", ""),)})
    assert assess_cluster(odd).level is HealthLevel.UNKNOWN


def test_nothing_explains_itself_in_a_circle() -> None:
    def reaches(kind: Kind, seen: frozenset[Kind] = frozenset()) -> None:
        assert kind not in seen, kind
        for explained in EXPLAINS.get(kind, ()):
            reaches(explained, seen | {kind})

    for kind in EXPLAINS:
        reaches(kind)


_ANY_FACTS = st.fixed_dictionaries(
    {
        "power": st.sampled_from(PowerState),
        "heartbeat": st.sampled_from(Heartbeat),
        "group_state": st.sampled_from(["", "Online", "Failed", "PartialOnline", "Strange"]),
        "has_guest_state_key": st.sampled_from([None, True, False]),
        "volumes": st.sampled_from([(), (PATH,), ("X:\\y",)]),
    }
)


@given(
    facts=_ANY_FACTS,
    node=st.fixed_dictionaries(
        {"state": st.sampled_from(NodeState), "read_at": st.sampled_from([None, 0.0, NOW])}
    ),
    volume=st.fixed_dictionaries(
        {"state": st.sampled_from(VolumeState), "free_mib": st.sampled_from([None, 0, 500_000])}
    ),
    age=st.sampled_from([0.0, 10.0, 3600.0]),
)
def test_unknown_facts_never_end_as_healthy(
    facts: dict[str, Any], node: dict[str, Any], volume: dict[str, Any], age: float
) -> None:
    where = around(node=node, volume=volume, now=NOW + age)
    health = judge(replace(VM, cluster=replace(FACTS, **facts)), where)
    is_unknown = (
        facts["power"] is PowerState.UNKNOWN
        or (
            facts["power"] is PowerState.RUNNING
            and facts["heartbeat"] in (Heartbeat.UNKNOWN, Heartbeat.DISABLED)
        )
        or node["state"] is NodeState.UNKNOWN
        or where.is_cluster_silent
        or where.is_node_silent(where.nodes["N1"])
    )
    if is_unknown:
        assert health.level in (HealthLevel.UNKNOWN, HealthLevel.CRITICAL)
    if health.level is HealthLevel.HEALTHY:
        assert facts["power"] is PowerState.RUNNING
        assert facts["heartbeat"] is Heartbeat.OK
    for chain in health.chains:
        assert chain
        assert len({id(reason) for reason in chain}) == len(chain)


def test_an_unchanged_vm_is_as_fresh_as_its_nodes_reading() -> None:
    facts = replace(FACTS, **SILENT, read_at=NOW - 9000)
    health = judge(replace(VM, cluster=facts), around())
    assert [reason.read_at for reason in health.reasons] == [NOW]
    calm = replace(VM, cluster=replace(FACTS, read_at=NOW - 9000))
    assert {reason.read_at for reason in assurances(calm, around())} == {NOW}
    silent = judge(replace(VM, cluster=facts), around(node={"read_at": None}))
    assert silent.reasons[0].read_at == NOW - 9000
