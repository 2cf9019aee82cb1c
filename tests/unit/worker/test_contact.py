"""When a wire falls silent under many operations, they look again soon, but not all of them."""

from typing import Any

from console.backends import BackendError
from console.backends.retry_budget import CAPACITY, RETRY, RetryBudget
from console.model.freshness import Fault, FaultCode
from console.worker.context import _Contact
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
