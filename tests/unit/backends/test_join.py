"""The join: by Hyper-V VM id, each plane's word kept, equal VMs the same objects."""

import msgspec

from console.backends.azure_local.arm_reading import ArmHalf, AzureCluster
from console.backends.azure_local.arm_records import AzureVm, NodeConnection
from console.backends.azure_local.halves import ClusterHalf, ClusterVm
from console.backends.azure_local.join import join
from console.model.freshness import Wire, WireReading
from console.model.node import Node, NodeState
from console.model.snapshot import ClusterSnapshot, diff
from console.model.virtual_machine import (
    AzureFacts,
    ClusterFacts,
    PowerState,
    VirtualMachine,
    VmKind,
    VmMetrics,
)

GROUP = "/subscriptions/s/resourceGroups/g"
PLACE = f"{GROUP}/providers/Microsoft.ExtendedLocation/customLocations/here"
ELSEWHERE = "/subscriptions/s/resourceGroups/o/providers/x/customLocations/there"
ARM, CLUSTER = WireReading(Wire.ARM, read_at=1.0), WireReading(Wire.CLUSTER, read_at=1.0)


def azure(name: str, vm_id: str = "", place: str = PLACE, other_id: str = "") -> AzureVm:
    arm_id = f"{GROUP}/providers/Microsoft.HybridCompute/machines/{name}"
    facts = AzureFacts(arm_id=arm_id, vm_id=vm_id, custom_location_id=place)
    return AzureVm(name, facts, other_id)


def on_cluster(name: str, vm_id: str, group: str = "", state: str = "Online") -> ClusterVm:
    facts = ClusterFacts(vm_id, "n1", PowerState.RUNNING, group_state=state)
    return ClusterVm(name, group or name, facts, VmMetrics(cpu_percent=3))


def joined(
    arm_half: ArmHalf | None,
    cluster_half: ClusterHalf | None,
    known: dict[str, VirtualMachine] | None = None,
) -> ClusterSnapshot:
    return join(arm_half, cluster_half, ARM, CLUSTER, known or {})


def by_key(snapshot: ClusterSnapshot) -> dict[str, VirtualMachine]:
    return {vm.key: vm for vm in snapshot.vms}


def test_both_planes_meet_by_vm_id_whatever_the_names() -> None:
    snapshot = joined(
        ArmHalf(1.0, vms=(azure("web-arc", "id-1"),)),
        ClusterHalf(1.0, "c1", vms=(on_cluster("web-renamed", "id-1"),)),
    )
    (vm,) = snapshot.vms
    assert (vm.key, vm.name, vm.kind) == ("id-1", "web-renamed", VmKind.AZURE_LOCAL)
    assert vm.azure is not None
    assert vm.cluster is not None


def test_kinds() -> None:
    snapshot = joined(
        ArmHalf(1.0, vms=(azure("new"),)),
        ClusterHalf(
            1.0, "c1",
            vms=(on_cluster("old", "id-1"), on_cluster("b", "id-2", "abc-control-plane-0")),
        ),
    )  # fmt: skip
    kinds = {vm.name: vm.kind for vm in snapshot.vms}
    assert kinds == {
        "old": VmKind.UNMANAGED, "b": VmKind.RESOURCE_BRIDGE, "new": VmKind.AZURE_LOCAL,
    }  # fmt: skip
    new = next(vm for vm in snapshot.vms if vm.name == "new")
    assert new.key == azure("new").facts.arm_id
    assert snapshot.cluster.resource_bridge_online is True


def test_an_offline_bridge_is_told() -> None:
    bridge = on_cluster("b", "id-2", "x-control-plane", state="Offline")
    assert (
        joined(None, ClusterHalf(1.0, "c", vms=(bridge,))).cluster.resource_bridge_online is False
    )


def test_a_vm_of_another_cluster_is_left_out_only_when_there_are_several() -> None:
    clusters = (
        AzureCluster(f"{GROUP}/providers/Microsoft.AzureStackHCI/clusters/c1", "C1"),
        AzureCluster("/subscriptions/s/resourceGroups/o/providers/x/clusters/c2", "c2"),
    )
    vms = (azure("mine"), azure("theirs", "id-9", ELSEWHERE), azure("traceless", place=""))
    half = ClusterHalf(1.0, "c1")
    several = {vm.name for vm in joined(ArmHalf(1.0, vms, clusters), half).vms}
    alone = {vm.name for vm in joined(ArmHalf(1.0, vms, clusters[:1]), half).vms}
    assert several == {"mine", "traceless"}
    assert alone == {"mine", "theirs", "traceless"}


def test_an_older_api_version_joins_by_the_id_that_the_cluster_knows() -> None:
    arm_half = ArmHalf(1.0, vms=(azure("a", other_id="id-1"), azure("b", other_id="arc-7")))
    vms = by_key(joined(arm_half, ClusterHalf(1.0, "c", vms=(on_cluster("a", "id-1"),))))
    assert vms["id-1"].azure is not None
    assert set(vms) == {"id-1", azure("b").facts.arm_id}


def test_unchanged_vms_are_the_same_objects_and_figures_alone_are_metrics() -> None:
    arm_half = ArmHalf(1.0, vms=(azure("a", "id-1"), azure("b", "id-2")))
    first_vms = (on_cluster("a", "id-1"), on_cluster("b", "id-2"))
    first = joined(arm_half, ClusterHalf(1.0, "c", vms=first_vms))
    busier = msgspec.structs.replace(first_vms[1], metrics=VmMetrics(cpu_percent=90))
    second = joined(arm_half, ClusterHalf(2.0, "c", vms=(first_vms[0], busier)), by_key(first))
    assert second.vms[0] is first.vms[0]
    delta = diff(first, second)
    assert delta.upserted == ()
    assert delta.metrics == (("id-2", VmMetrics(cpu_percent=90)),)


def test_one_half_alone_is_shown() -> None:
    assert [vm.name for vm in joined(ArmHalf(1.0, vms=(azure("a", "id-1"),)), None).vms] == ["a"]
    only_cluster = joined(None, ClusterHalf(1.0, "c", vms=(on_cluster("a", "id-1"),)))
    assert only_cluster.vms[0].kind is VmKind.UNMANAGED


def test_cluster_and_nodes_take_azures_word_beside_their_own() -> None:
    own = AzureCluster(f"{GROUP}/x/c1", "C1", "Connected", "10.0.1", "11.2510.1002.93")
    snapshot = joined(
        ArmHalf(1.0, clusters=(own,), node_connections=(NodeConnection("N1", "Connected"),)),
        ClusterHalf(1.0, "c1", nodes=(Node("n1", NodeState.UP),), os_build="10.0.26100"),
    )
    assert snapshot.cluster.release == "2510"
    assert snapshot.cluster.os_build == "10.0.26100"
    assert snapshot.nodes[0].azure_connection == "Connected"
