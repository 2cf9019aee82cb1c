"""What is asked for is answered, once, whatever the wires do."""

import asyncio

import pytest

from console.backends import Backend, BackendError
from console.channel import chores
from console.model.freshness import Fault, FaultCode
from console.model.performance import PerformanceHistory, TimeFrame
from console.worker import performance
from console.worker.performance import read_performance
from console.worker.redaction import Redaction

ASKED = chores.ReadPerformance("t1", "vm:a", TimeFrame.WEEK)
FOUND = PerformanceHistory("vm:a", TimeFrame.WEEK, (), 5.0, "N1")


class Wires:
    def __init__(self, answer: object) -> None:
        self.answer = answer

    async def read_performance(self, subject: str, frame: TimeFrame) -> object:
        assert (subject, frame) == ("vm:a", TimeFrame.WEEK)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def ask(answer: object) -> chores.PerformanceRead:
    redaction = Redaction()
    redaction.learn(["hunter2-hunter2"])
    future: asyncio.Future[Backend] = asyncio.get_running_loop().create_future()
    if answer is not None:
        future.set_result(Wires(answer))  # type: ignore[arg-type]
    return await read_performance(ASKED, future, redaction)


def test_the_history_is_handed_on() -> None:
    assert asyncio.run(ask(FOUND)) == chores.PerformanceRead("t1", FOUND)


def test_a_refusal_is_told_without_secrets() -> None:
    fault = Fault(FaultCode.REJECTED, "no history", detail="with hunter2-hunter2 in it")
    answer = asyncio.run(ask(BackendError(fault)))
    assert answer.history is None
    assert answer.fault is not None
    assert answer.fault.summary == "no history"
    assert "hunter2" not in answer.fault.detail


def test_an_accident_is_told_too() -> None:
    answer = asyncio.run(ask(ZeroDivisionError("with hunter2-hunter2")))
    assert answer.fault is not None
    assert answer.fault.code is FaultCode.MALFORMED
    assert "ZeroDivisionError" in answer.fault.detail
    assert "hunter2" not in answer.fault.detail


def test_wires_that_never_open_end_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(performance, "_AT_MOST_S", 0.01)
    answer = asyncio.run(ask(None))
    assert answer.fault is not None
    assert answer.fault.code is FaultCode.TIMED_OUT
