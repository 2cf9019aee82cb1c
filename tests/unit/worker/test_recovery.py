"""Whenever the process dies, after the restart nothing is lost and nothing was sent twice."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from console.model.operation import OperationState
from console.worker.journal_schema import FILE_NAME
from tests.unit.worker.fakes import Bench, Crash, Points, World

S = OperationState


async def _life(folder: Path, world: World, points: Points, *, is_first: bool) -> bool:
    """One life of the console that submits two moves; whether it came to the end of both."""
    submitted = []
    bench = Bench(folder, world, points=points, parallel=1)
    async with bench:
        try:
            for record in (await bench.runner.recover()).records:
                if record.is_over:
                    submitted.append(record.id)
            if is_first:
                await bench.submit("one", "vm1", "N1", "N2")
                await bench.submit("two", "vm2", "N1", "N2")
        except Crash:
            return False
        names = {run.id for run in bench.runner.unfinished}
        over = asyncio.ensure_future(bench.until_over(*names))
        crash = asyncio.ensure_future(points.crashed.wait())
        await asyncio.wait((over, crash), return_when=asyncio.FIRST_COMPLETED)
        crash.cancel()
        if points.crashed.is_set():
            over.cancel()
            return False
        await over
        return True


async def _points_of_a_whole_life(folder: Path) -> int:
    points = Points()
    world = World({"vm1": "N1", "vm2": "N1"}, polls=2)
    assert await _life(folder, world, points, is_first=True)
    return points.count


async def _settled(folder: Path, world: World) -> dict[str, OperationState]:
    """Start once more without a crash, let everything end, and read what became of it."""
    assert await _life(folder, world, Points(), is_first=False)
    async with Bench(folder, world) as bench:
        return {record.id: record.state for record in (await bench.runner.recover()).records}


def _judge(world: World, states: dict[str, OperationState], where: str) -> None:
    for name, vm in (("one", "vm1"), ("two", "vm2")):
        assert world.sent[vm] <= 1, f"{where}: {vm} was sent twice"
        if name in states:
            assert states[name] is S.SUCCEEDED, f"{where}: {name} ended as {states[name]}"
            assert world.owners[vm] == "N2", f"{where}: {vm} is not there"
        else:
            # Its intent never became durable, so the window was never told it was taken.
            assert world.sent[vm] == 0, f"{where}: {vm} was moved without a journal line"
    assert not world.running


async def test_a_crash_at_every_point_loses_and_doubles_nothing(tmp_path: Path) -> None:
    total = await _points_of_a_whole_life(tmp_path / "whole")
    assert total > 30
    for crash_at in range(1, total + 1):
        folder = tmp_path / str(crash_at)
        world = World({"vm1": "N1", "vm2": "N1"}, polls=2)
        await _life(folder, world, Points(crash_at), is_first=True)
        _judge(world, await _settled(folder, world), f"crash at {crash_at} of {total}")


@pytest.mark.parametrize("first", [9, 12, 15, 18, 22])
async def test_a_second_crash_during_recovery_changes_nothing(tmp_path: Path, first: int) -> None:
    for second in range(1, 16, 2):
        folder = tmp_path / str(second)
        world = World({"vm1": "N1", "vm2": "N1"}, polls=2)
        await _life(folder, world, Points(first), is_first=True)
        await _life(folder, world, Points(second), is_first=False)
        _judge(world, await _settled(folder, world), f"crashes at {first} and {second}")


async def test_a_crash_before_anything_was_sent_goes_back_to_the_queue(tmp_path: Path) -> None:
    world = World({"vm1": "N1", "vm2": "N1"})
    # Point 7 is in the middle of the first move's line "Running".
    for crash_at in range(5, 9):
        folder = tmp_path / str(crash_at)
        await _life(folder, world, Points(crash_at), is_first=True)
        assert not world.sent
        async with Bench(folder, world, points=Points()) as bench:
            records = (await bench.runner.recover()).records
            assert {record.state for record in records} == {S.QUEUED}


async def test_a_move_still_going_on_is_taken_up_not_sent_again(tmp_path: Path) -> None:
    world = World({"vm": "N1"})
    world.never_ends = True
    async with Bench(tmp_path, world) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until(lambda: bool(world.running))
    async with Bench(tmp_path, world) as bench:
        records = (await bench.runner.recover()).records
        assert [record.state for record in records] == [S.UNKNOWN]
        # It looks at once, without waiting for a slot, and holds its lock against a newcomer.
        await bench.submit("late", "vm", "N1", "N3")
        await bench.until(lambda: bench.record("op").state is S.RUNNING)
        assert bench.states("late") == [S.QUEUED]
        world.never_ends = False
        await bench.until_over("op")
        assert bench.record("op").state is S.SUCCEEDED
    assert world.sent == {"vm": 1}


async def test_an_operation_with_lost_lines_is_never_sent_again_by_itself(tmp_path: Path) -> None:
    world = World({"vm": "N1"})
    async with Bench(tmp_path, world) as bench:
        bench.world.never_ends = True
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until(lambda: bool(world.running))
    world.running.clear()
    _damage(tmp_path)
    async with Bench(tmp_path, world) as bench:
        assert bench.faults
        (record,) = (await bench.runner.recover()).records
        assert (record.id, record.state) == ("op", S.UNKNOWN)
        await asyncio.sleep(0.1)
        assert bench.record("op").state is S.UNKNOWN
        await bench.runner.cancel("op")
        await bench.until_over("op")
        assert bench.record("op").state is S.CANCELED
    assert world.sent == {"vm": 1}


def _damage(folder: Path) -> None:
    with sqlite3.connect(folder / FILE_NAME) as connection:
        connection.execute("DROP TABLE ending")
    connection.close()
