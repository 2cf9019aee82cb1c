"""Many that try again must not become the storm that keeps the other end down."""

from pathlib import Path

import pytest

from console.backends import BackendError
from console.backends.azure_local.arm_pipeline import ArmPipeline
from console.backends.azure_local.connections import ArmConnection, StaticToken
from console.backends.retry_budget import CAPACITY, RETRY, TIME_OUT_RETRY, RetryBudget
from tests.unit.backends.scripted_arm import Reply, ScriptedArm


def test_it_ends_and_is_earned_back_by_answers() -> None:
    budget = RetryBudget()
    assert sum(budget.spend() for _ in range(1_000)) == CAPACITY // RETRY
    for _ in range(RETRY):
        assert not budget.spend()
        budget.answered()
    assert budget.spend()
    for _ in range(2 * CAPACITY):
        budget.answered()
    assert budget.left == CAPACITY
    assert sum(budget.spend(is_time_out=True) for _ in range(1_000)) == CAPACITY // TIME_OUT_RETRY


def test_a_repetition_that_helped_costs_nothing() -> None:
    budget = RetryBudget()
    for _ in range(1_000):
        assert budget.spend()
        budget.answered(was_retried=True)


async def test_reads_of_azure_stop_trying_twice_when_it_is_spent(tmp_path: Path) -> None:
    arm = ScriptedArm(tmp_path)
    connection = ArmConnection(arm.url, StaticToken("t"), ca_file=str(arm.ca_file))
    pipeline = ArmPipeline(connection, RetryBudget(capacity=3 * RETRY))
    arm.answer = lambda asked: Reply(cut=True)

    async def asked_for_one() -> int:
        before = len(arm.asked)
        with pytest.raises(BackendError):
            await pipeline.get("/subscriptions", "Read")
        return len(arm.asked) - before

    counts = [await asked_for_one() for _ in range(6)]
    once = counts[-1]
    assert counts == [2 * once] * 3 + [once] * 3
    await pipeline.close()
    arm.stop()
