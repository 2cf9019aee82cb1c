"""When a wire falls silent under many operations, they look again soon, but not all of them."""

import asyncio
from typing import Any

import pytest

from console.backends import BackendError
from console.backends.retry_budget import CAPACITY, RETRY, RetryBudget
from console.model.freshness import Fault, FaultCode
from console.worker.context import RunContext, _Contact
from console.worker.pace import Pace

PACE = Pace()
SLOWEST = PACE.contact_back_off[-1]


class Log:
    async def write(self, body: Any) -> None:
        """What is said of it is tried in test_runner."""


class StandingClock:
    def now(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        return 0.0


def a_contact(budget: RetryBudget) -> _Contact:
    log: Any = Log()
    clock: Any = StandingClock()
    return _Contact(log, clock, PACE, budget)


def silence(code: FaultCode) -> BackendError:
    return BackendError(Fault(code, "nothing came"), was_sent=False)


async def test_500_operations_on_a_silent_wire_do_not_all_come_again_at_once() -> None:
    budget = RetryBudget()
    contacts = [a_contact(budget) for _ in range(500)]
    delays = [await contact.failed(silence(FaultCode.UNREACHABLE)) for contact in contacts]
    assert delays.count(PACE.contact_back_off[0]) == CAPACITY // RETRY
    assert delays.count(SLOWEST) == 500 - CAPACITY // RETRY
    # Still looked at, and soon again once the wire answers.
    for contact in contacts:
        await contact.answered()
    again = [await contact.failed(silence(FaultCode.UNREACHABLE)) for contact in contacts[:50]]
    assert set(again) == {PACE.contact_back_off[0]}


async def test_one_operation_alone_keeps_its_pace() -> None:
    contact = a_contact(RetryBudget())
    delays = [await contact.failed(silence(FaultCode.TIMED_OUT)) for _ in range(7)]
    assert delays == [*PACE.contact_back_off, SLOWEST, SLOWEST]


class Recording:
    def __init__(self) -> None:
        self.texts: list[str] = []

    sent: tuple[Any, ...] = ()

    async def write(self, body: Any) -> None:
        self.texts.append(body.text)


class MovingClock:
    at = 0.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


@pytest.mark.parametrize(
    ("code", "tries_most"),
    [(FaultCode.REFUSED, 15), (FaultCode.THROTTLED, 15), (FaultCode.CONFLICT, 0)],
)
async def test_what_did_not_leave_is_tried_for_as_long_as_the_wire_is_waited_for(
    code: FaultCode, tries_most: int
) -> None:
    log, clock = Recording(), MovingClock()
    parts: list[Any] = [log, None, None, {}, clock, PACE, asyncio.Event(), None, RetryBudget()]
    context = RunContext(*parts)
    fault, tries = Fault(code, "nobody is there"), 0
    while await context.may_send_again(fault):
        tries += 1
    assert bool(tries) is bool(tries_most)
    assert tries <= tries_most
    assert clock.at >= (PACE.wire_patience if tries_most else 0.0)
    assert log.texts == (["Not sent yet: nobody is there"] if tries_most else [])
