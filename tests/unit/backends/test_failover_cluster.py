"""The cluster wire on scripted nodes: silent ones keep their half, acts go out once."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from console.backends import BackendError, JobState
from console.backends.azure_local.connections import ClusterConnection
from console.backends.azure_local.failover_cluster import FailoverCluster
from console.backends.azure_local.node_faults import node_fault
from console.backends.azure_local.node_session import NodeRefusal, Parameters
from console.model.freshness import FaultCode
from console.model.node import NodeState
from console.model.operation import DrainProgress, MoveProgress
from console.model.storage import LinkState, StorageLink, VolumeAccess, VolumeState
from console.model.virtual_machine import PowerState

CONNECTION = ClusterConnection({"n1": "127.0.0.1:1", "n2": "127.0.0.1:2"})
V1, V2 = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"


class Clock:
    time = 100.0

    def now(self) -> float:
        return self.time


def vm(vm_id: str, owner: str, **more: Any) -> dict[str, Any]:
    return {
        "vmId": vm_id.upper(), "name": f"vm-{vm_id[-1]}", "ownerNode": owner, "state": "Running",
        "memoryMiB": 4096, "cpuPercent": 3, "isolation": "TrustedLaunch", **more,
    }  # fmt: skip


class Nodes:
    """Two nodes; ``fail`` makes one of them raise for everything."""

    def __init__(self) -> None:
        self.states = {"n1": "Up", "n2": "Up"}
        self.vms = [vm(V1, "n1"), vm(V2, "n2")]
        self.fail: dict[str, Exception] = {}
        self.sent: list[tuple[str, str, dict[str, Any]]] = []
        self.answers: dict[str, Callable[[dict[str, Any]], Any]] = {}

    def new_session(self, node: str, connection: ClusterConnection) -> "Session":
        return Session(self, node)

    def answer(self, node: str, function: str, parameters: dict[str, Any]) -> Any:
        if function in self.answers:
            return self.answers[function](parameters)
        if function == "Get-TlcCluster":
            states = [{"name": name, "state": state} for name, state in self.states.items()]
            return {"name": "c1", "nodes": states, "parallelMigrations": 2}
        if function == "Get-TlcNode":
            return {"name": node, "memoryTotalMiB": 1000, "igvmAgent": "Running"}
        if function == "Get-TlcHealth":
            return {}
        wanted = str(parameters.get("VMId", "")).lower()
        return [
            row for row in self.vms
            if row["ownerNode"] == node and (not wanted or row["vmId"].lower() == wanted)
        ]  # fmt: skip


class Session:
    def __init__(self, nodes: Nodes, node: str) -> None:
        self.nodes, self.node = nodes, node

    async def run(
        self, function: str, parameters: Parameters, *, is_act: bool = False, patience: float = 5.0
    ) -> str:
        if is_act:
            self.nodes.sent.append((self.node, function, dict(parameters)))
        if self.node in self.nodes.fail:
            raise self.nodes.fail[self.node]
        data = self.nodes.answer(self.node, function, dict(parameters))
        return data if isinstance(data, str) else json.dumps({"schema": 1, "data": data})

    def close(self) -> None:
        return None


def silence(node: str, *, was_sent: bool = False) -> BackendError:
    return BackendError(node_fault(FaultCode.TIMED_OUT, node), was_sent=was_sent)


@pytest.fixture
def nodes() -> Nodes:
    return Nodes()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cluster(nodes: Nodes, clock: Clock) -> FailoverCluster:
    return FailoverCluster(CONNECTION, clock, nodes.new_session)


async def test_every_node_tells_of_its_own_vms(cluster: FailoverCluster) -> None:
    half = await cluster.read()
    assert half.name == "c1"
    assert {vm.facts.vm_id: vm.facts.owner_node for vm in half.vms} == {V1: "n1", V2: "n2"}
    assert [(node.name, node.state, node.read_at) for node in half.nodes] == [
        ("n1", NodeState.UP, 100.0), ("n2", NodeState.UP, 100.0),
    ]  # fmt: skip
    assert half.faults == ()


async def test_a_silent_node_keeps_its_vms_and_its_own_age(
    cluster: FailoverCluster, nodes: Nodes, clock: Clock
) -> None:
    first = await cluster.read()
    nodes.fail["n2"] = silence("n2")
    clock.time = 130.0
    second = await cluster.read()
    assert second.vms[1] is first.vms[1]
    assert [node.read_at for node in second.nodes] == [130.0, 100.0]
    (fault,) = second.faults
    assert (fault.code, fault.is_partial) == (FaultCode.TIMED_OUT, True)


async def test_a_node_that_is_down_is_no_fault_and_its_vms_fail_over(
    cluster: FailoverCluster, nodes: Nodes
) -> None:
    await cluster.read()
    nodes.states["n2"], nodes.fail["n2"] = "Down", silence("n2")
    nodes.vms[1]["ownerNode"] = "n1"
    half = await cluster.read()
    assert half.faults == ()
    assert {vm.facts.vm_id: vm.facts.owner_node for vm in half.vms} == {V1: "n1", V2: "n1"}
    assert half.nodes[1].state is NodeState.DOWN
    assert half.nodes[1].memory_total_mib == 1000


async def test_no_node_at_all_raises_the_first_ones_fault(
    cluster: FailoverCluster, nodes: Nodes
) -> None:
    nodes.fail = {"n1": silence("n1"), "n2": silence("n2")}
    with pytest.raises(BackendError) as raised:
        await cluster.read()
    assert "n1" in raised.value.fault.summary


async def test_a_wrong_password_is_not_tried_on_every_node(
    cluster: FailoverCluster, nodes: Nodes
) -> None:
    wrong = BackendError(node_fault(FaultCode.WRONG_CREDENTIALS, "n1"))
    nodes.fail = {"n1": wrong}
    with pytest.raises(BackendError) as raised:
        await cluster.read()
    assert raised.value.fault.code is FaultCode.WRONG_CREDENTIALS


async def test_equal_facts_stay_the_same_object_while_figures_move(
    cluster: FailoverCluster, nodes: Nodes, clock: Clock
) -> None:
    first = await cluster.read()
    clock.time = 110.0
    nodes.vms[0]["cpuPercent"] = 50
    second = await cluster.read()
    assert second.vms[0].facts is first.vms[0].facts
    assert second.vms[0].metrics.cpu_percent == 50
    nodes.vms[0]["state"] = "Paused"
    third = await cluster.read()
    assert third.vms[0].facts.power is PowerState.PAUSED


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"schema": 2, "data": []}', '{"schema": 1, "data": {"a": 1}}', "[" * 9999],
)
async def test_answers_that_do_not_decode(
    cluster: FailoverCluster, nodes: Nodes, text: str
) -> None:
    nodes.answers["Get-TlcVirtualMachine"] = lambda parameters: text
    half = await cluster.read()
    assert {fault.code for fault in half.faults} == {FaultCode.MALFORMED}
    assert all(fault.is_partial for fault in half.faults)


async def test_an_unknown_word_is_told_and_the_rest_is_read(
    cluster: FailoverCluster, nodes: Nodes
) -> None:
    nodes.vms[0]["state"] = "Levitating"
    half = await cluster.read()
    assert [fault.code for fault in half.faults] == [FaultCode.UNKNOWN_WORD]
    assert half.vms[0].facts.power is PowerState.UNKNOWN
    assert half.vms[1].facts.power is PowerState.RUNNING


async def test_a_vm_is_looked_for_where_it_was_and_then_everywhere(
    cluster: FailoverCluster, nodes: Nodes
) -> None:
    nodes.vms[0]["ownerNode"] = "n2"
    found = await cluster.look_at_vm(V1, "n1")
    assert found is not None
    assert found.facts.owner_node == "n2"
    assert await cluster.look_at_vm("no-such", None) is None
    nodes.fail["n2"] = silence("n2")
    with pytest.raises(BackendError):  # not seen is not gone
        await cluster.look_at_vm(V1, "n1")


async def test_an_act_goes_to_another_node_only_if_it_surely_did_not_leave(
    cluster: FailoverCluster, nodes: Nodes
) -> None:
    nodes.answers["Start-TlcLiveMigration"] = lambda parameters: {}
    nodes.fail["n1"] = silence("n1")
    await cluster.start_live_migration(V1, "n1", "n2", "op-1")
    assert [node for node, _, _ in nodes.sent] == ["n1", "n2"]
    assert nodes.sent[1][2] == {
        "VMId": V1, "TargetNode": "n2", "ExpectedOwner": "n1", "OperationId": "op-1",
    }  # fmt: skip
    nodes.sent.clear()
    nodes.fail["n1"] = silence("n1", was_sent=True)
    with pytest.raises(BackendError) as raised:
        await cluster.start_live_migration(V1, "n1", "n2", "op-1")
    assert raised.value.was_sent
    assert [node for node, _, _ in nodes.sent] == ["n1"]


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        ("OwnerMismatch,Start-TlcLiveMigration", FaultCode.CONFLICT),
        ("VmNotFound,Start-TlcLiveMigration", FaultCode.NOT_FOUND),
        ("InsufficientMemory,Start-TlcLiveMigration", FaultCode.REJECTED),
    ],
)
async def test_refusals(
    cluster: FailoverCluster, nodes: Nodes, identity: str, code: FaultCode
) -> None:
    def refuse(parameters: dict[str, Any]) -> Any:
        raise NodeRefusal(identity, "the node's own words")

    nodes.answers["Start-TlcLiveMigration"] = refuse
    with pytest.raises(BackendError) as raised:
        await cluster.start_live_migration(V1, "n1", "n2", "op-1")
    assert (raised.value.fault.code, raised.value.was_sent) == (code, False)
    assert raised.value.fault.summary == "the node's own words"
    assert len(nodes.sent) == 1


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        ({"phase": "Memory", "percent": 40, "operationId": "op-1", "ownerNode": "n1"},
         JobState.RUNNING),
        ({"phase": "Completed", "operationId": "op-1", "ownerNode": "n2"}, JobState.SUCCEEDED),
        ({"phase": "Completed", "operationId": "op-1", "ownerNode": "n1"}, JobState.GONE),
        ({"phase": "Completed", "operationId": "op-2", "ownerNode": "n2"}, JobState.GONE),
        ({"phase": "", "ownerNode": "n2"}, JobState.SUCCEEDED),
        ({"phase": "", "ownerNode": "n1"}, JobState.GONE),
        ({"phase": "Failed", "operationId": "op-1", "ownerNode": "n1", "failureText": "no"},
         JobState.FAILED),
        ({"phase": "Canceled", "operationId": "op-1", "ownerNode": "n1"}, JobState.CANCELED),
    ],
)  # fmt: skip
async def test_what_a_migration_is_judged_by(
    cluster: FailoverCluster, nodes: Nodes, seen: dict[str, Any], state: JobState
) -> None:
    nodes.answers["Start-TlcLiveMigration"] = lambda parameters: {}
    nodes.answers["Get-TlcLiveMigration"] = lambda parameters: {"vmId": V1, **seen}
    started = await cluster.start_live_migration(V1, "n1", "n2", "op-1")
    job = cluster.resume(started.token)
    report = await job.poll()
    assert report.state is state
    assert (report.fault is not None) == (state is JobState.FAILED)


async def test_the_mark_of_a_job_names_no_address(cluster: FailoverCluster, nodes: Nodes) -> None:
    nodes.answers["Suspend-TlcNode"] = lambda parameters: {}
    job = await cluster.suspend_node("n2", "op-1", drain=True)
    assert nodes.sent[0][0] == "n1"
    assert "127.0.0.1" not in job.token
    with pytest.raises(BackendError):
        cluster.resume('{"type":"arm"}')


def still_there(*vms: tuple[str, str | None]) -> dict[str, Any]:
    rows = [{"vmId": None, "name": name, "failureText": why} for name, why in vms]
    return {"name": "n2", "state": "Paused", "drainStatus": "InProgress", "vms": rows}


async def test_a_drain_tells_which_vms_left_and_which_could_not(
    cluster: FailoverCluster, nodes: Nodes
) -> None:
    looks = iter(
        [
            still_there(("a", None), ("b", None), ("c", "of yesterday")),
            still_there(("b", "no room"), ("c", "of yesterday")),
            still_there(("a", None), ("b", "no room"), ("c", "of yesterday")),
            {**still_there(("b", "no room")), "drainStatus": "Failed", "drainFailure": "b stays"},
        ]
    )
    nodes.answers["Suspend-TlcNode"] = lambda parameters: {}
    nodes.answers["Get-TlcNodeDrain"] = lambda parameters: next(looks)
    job = await cluster.suspend_node("n2", "op-1", drain=True)
    first, second, third, last = [await job.poll() for _ in range(4)]
    assert first.drain == DrainProgress((), ("a", "b", "c"), (("c", "of yesterday"),))
    assert (first.fraction, first.news) == (0.0, "")
    assert second.news == "left: a; b did not leave: no room"
    assert (second.text, second.fraction) == ("1 of 3 have left", 1 / 3)
    assert third.drain is not None
    assert third.drain.left == ()  # it came back
    assert (last.state, last.news) == (JobState.FAILED, "left: a, c")
    assert last.fault is not None
    assert (last.fault.summary, last.fault.detail) == ("b stays", "b: no room")


async def test_a_list_that_did_not_come_is_not_an_empty_one(
    cluster: FailoverCluster, nodes: Nodes
) -> None:
    nodes.answers["Get-TlcNodeDrain"] = lambda parameters: {
        "name": "n2", "state": "Paused", "drainStatus": "InProgress", "vms": None,
    }  # fmt: skip
    seen = await cluster.maintenance_of("n2")
    assert seen is not None
    assert (seen.vms, seen.other_groups, seen.storage_jobs) == (None, None, None)
    assert seen.accepts_azure_placement is None
    nodes.answers["Suspend-TlcNode"] = lambda parameters: {}
    report = await (await cluster.suspend_node("n2", "op-1", drain=True)).poll()
    assert (report.state, report.fraction, report.drain) == (JobState.RUNNING, None, None)


def memory_pass(number: int, left: float, copied: float) -> dict[str, Any]:
    return {
        "vmId": V1, "ownerNode": "n1", "phase": "Memory", "operationId": "op-1", "percent": 40,
        "passNumber": number, "remainingMiB": left, "copiedMiB": copied,
    }  # fmt: skip


async def moved_so_far(
    cluster: FailoverCluster, nodes: Nodes, looks: list[dict[str, Any]]
) -> list[MoveProgress | None]:
    """What one job reports at each of these looks."""
    rest = iter(looks)
    nodes.answers["Start-TlcLiveMigration"] = lambda parameters: {}
    job = await cluster.start_live_migration(V1, "n1", "n2", "op-1")
    nodes.answers["Get-TlcLiveMigration"] = lambda parameters: next(rest)
    return [(await job.poll()).move for _ in looks]


@pytest.mark.parametrize(
    ("lefts", "converges"),
    [
        ([8192.0, 900.0], None),
        ([8192.0, 900.0, 100.0], True),
        ([8192.0, 3300.0, 3300.0], True),
        ([8192.0, 3300.0, 3300.0, 3290.0], False),
        ([8192.0, 3300.0, 3300.0, 3290.0, 400.0], True),
    ],
)
async def test_passes_that_do_not_get_shorter_are_told(
    cluster: FailoverCluster, nodes: Nodes, lefts: list[float], converges: bool | None
) -> None:
    looks = []
    for number, left in enumerate(lefts, start=1):
        looks += [memory_pass(number, left, 1.0), memory_pass(number, left / 2, 2.0)]
    last = (await moved_so_far(cluster, nodes, looks))[-1]
    assert last is not None
    assert last.pass_number == len(lefts)
    assert last.is_converging is converges


async def test_a_real_node_tells_only_a_percentage_and_nothing_is_made_up(
    cluster: FailoverCluster, nodes: Nodes
) -> None:
    look = {"vmId": V1, "ownerNode": "n1", "phase": "Running", "percent": 40}
    assert await moved_so_far(cluster, nodes, [look]) == [None]


async def test_storage_is_read_beside_the_nodes(nodes: Nodes, cluster: FailoverCluster) -> None:
    nodes.answers["Get-TlcHealth"] = lambda _: {
        "sharedVolumes": [
            {"name": "V1", "path": "C:\\ClusterStorage\\V1\\", "state": "Online",
             "ownerNode": "n1", "totalMiB": 10, "freeMiB": 3,
             "access": [{"node": "n1", "state": "Direct"}, {"node": "n2", "state": "Unavailable"}]},
            {"name": "V2", "path": "", "state": "Levitating"},
        ],
        "storageLinks": [{"node": "n2", "network": "Storage1", "state": "Failed"}],
        "guestStateKeys": [V1.upper()],
    }  # fmt: skip
    half = await cluster.read()
    assert half.volumes is not None
    first, second = half.volumes
    assert (first.path, first.state) == ("C:\\ClusterStorage\\V1", VolumeState.ONLINE)
    assert first.access_from("N2") is VolumeAccess.UNAVAILABLE
    assert first.access_from("n3") is VolumeAccess.UNKNOWN
    assert second.state is VolumeState.UNKNOWN
    assert half.storage_links == (StorageLink("n2", "Storage1", LinkState.FAILED),)
    keys = {vm.facts.vm_id: vm.facts.has_guest_state_key for vm in half.vms}
    assert keys == {V1: True, V2: False}
    assert [fault.code for fault in half.faults] == [FaultCode.UNKNOWN_WORD]


async def test_untold_storage_is_not_known_and_the_rest_lives(
    nodes: Nodes, cluster: FailoverCluster
) -> None:
    nodes.answers["Get-TlcHealth"] = lambda _: []
    half = await cluster.read()
    assert (half.volumes, half.storage_links) == (None, None)
    assert {vm.facts.has_guest_state_key for vm in half.vms} == {None}
    assert len(half.vms) == 2
    assert [fault.is_partial for fault in half.faults] == [True]
