"""Which node is asked for a history, in which session, and what comes of strange answers."""

import json
from typing import Any, ClassVar

import pytest

from console.backends import BackendError
from console.backends.azure_local.connections import ClusterConnection
from console.backends.azure_local.node_faults import node_fault
from console.backends.azure_local.node_session import NodeRefusal, Parameters
from console.backends.azure_local.node_sessions import HISTORY_PATIENCE_S, NodeSessions
from console.backends.azure_local.performance import HistoryReader
from console.model.freshness import FaultCode
from console.model.performance import TimeFrame

VM = "00000000-0000-0000-0000-000000000001"
CONNECTION = ClusterConnection({"n1": "127.0.0.1:1", "n2": "127.0.0.1:2"})


class Clock:
    def now(self) -> float:
        return 100.0


class Session:
    """Answers what the test says; counts how many there are."""

    made: ClassVar[list[str]] = []
    asked: ClassVar[list[tuple[str, str, dict[str, Any], float]]] = []
    answers: ClassVar[dict[str, Any]] = {}

    def __init__(self, node: str, _connection: ClusterConnection) -> None:
        self.node = node
        Session.made.append(node)

    async def run(
        self, function: str, parameters: Parameters, *, is_act: bool = False, patience: float = 5.0
    ) -> str:
        assert not is_act
        Session.asked.append((self.node, function, dict(parameters), patience))
        answer = Session.answers[self.node]
        if isinstance(answer, Exception):
            raise answer
        return json.dumps({"schema": 1, "data": answer})

    def close(self) -> None:
        return


@pytest.fixture
def reader() -> HistoryReader:
    Session.made, Session.asked, Session.answers = [], [], {}
    return HistoryReader(NodeSessions(CONNECTION, Session), Clock())


def told(*series: tuple[str, list[float], list[float | None]]) -> dict[str, Any]:
    rows = [{"name": name, "times": times, "values": values} for name, times, values in series]
    return {"timeFrame": "LastDay", "series": rows}


async def test_a_vm_is_asked_of_its_owner_with_patience(reader: HistoryReader) -> None:
    # Names in any case, series nobody knows, times that go back and values without a time.
    Session.answers["n2"] = told(
        ("vm.cpu.usage", [10, 20, 20, 15, 30], [1.0, None, 9.0, 9.0, 3.0]),
        ("VHD.Latency.Average", [10, 20], [0.001]),
        ("Something.New", [10], [1.0]),
    )
    found = await reader.of_vm(VM, "N2", TimeFrame.DAY)
    assert Session.asked == [
        ("n2", "Get-TlcVmHistory", {"VMId": VM, "TimeFrame": "LastDay"}, HISTORY_PATIENCE_S)
    ]
    assert [(s.name, s.unit, s.times, s.values) for s in found.series] == [
        ("VM.Cpu.Usage", "percent", (10, 20, 30), (1.0, None, 3.0)),
        ("VHD.Latency.Average", "ms", (10,), (1.0,)),
    ]
    assert (found.told_by, found.read_at) == ("n2", 100.0)


async def test_the_watchers_sessions_are_left_alone() -> None:
    Session.made, Session.asked = [], []
    Session.answers = {"n1": told(), "n2": told()}
    sessions = NodeSessions(CONNECTION, Session)
    await sessions.read("n1", "Get-TlcNode")
    await HistoryReader(sessions, Clock()).of_node("n1", TimeFrame.DAY)
    await HistoryReader(sessions, Clock()).of_node("n1", TimeFrame.YEAR)
    assert Session.made == ["n1", "n1"]


async def test_a_silent_node_is_told_of_by_another(reader: HistoryReader) -> None:
    Session.answers = {
        "n1": BackendError(node_fault(FaultCode.TIMED_OUT, "n1")),
        "n2": told(("ClusterNode.Memory.Usage", [10], [2.0 * 1048576])),
    }
    found = await reader.of_node("n1", TimeFrame.DAY)
    assert found.told_by == "n2"
    assert found.series[0].values == (2.0,)


async def test_an_answer_ends_the_asking(reader: HistoryReader) -> None:
    off = NodeRefusal("HistoryOff,Get-TlcNodeHistory", "Run 'Start-ClusterPerformanceHistory'")
    Session.answers = {"n1": off, "n2": told()}
    with pytest.raises(BackendError) as caught:
        await reader.of_node("n1", TimeFrame.DAY)
    assert caught.value.fault.code is FaultCode.REJECTED
    assert "Start-ClusterPerformanceHistory" in caught.value.fault.remedy
    assert len(Session.asked) == 1


@pytest.mark.parametrize("owner", ["", "n9"])
async def test_a_node_outside_the_profile_cannot_be_asked(
    reader: HistoryReader, owner: str
) -> None:
    with pytest.raises(BackendError) as caught:
        await reader.of_vm(VM, owner, TimeFrame.DAY)
    assert caught.value.fault.code is FaultCode.UNREACHABLE
    assert not Session.asked


async def test_what_is_no_name_never_leaves(reader: HistoryReader) -> None:
    with pytest.raises(BackendError) as caught:
        await reader.of_vm("a; Remove-VM", "n1", TimeFrame.DAY)
    assert caught.value.fault.code is FaultCode.REJECTED
    assert not Session.asked
