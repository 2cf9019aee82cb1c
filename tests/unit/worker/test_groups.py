"""A group is journalled whole, canceled as one, and retried for what failed only."""

from pathlib import Path

from console.channel.messages import GroupChanged, Submit, SubmitGroup
from console.model.group import current_children, standing, to_retry
from console.model.operation import OperationState
from console.model.request import LiveMigrate
from console.worker.journal_lines import CancelAsked, Line, fold_group
from tests.unit.worker.fakes import Bench, World

S = OperationState


def group(name: str, *vms: str, prefix: str = "op", retry_of: str = "") -> SubmitGroup:
    parts = tuple(
        Submit(f"{prefix}-{vm}", LiveMigrate(vm, vm, "N1", "N2"), name, retry_of=retry_of)
        for vm in vms
    )
    return SubmitGroup(name, f"Move {len(vms)} VMs to N2", parts)


def groups_told(bench: Bench) -> list[GroupChanged]:
    return [message for message in bench.messages if isinstance(message, GroupChanged)]


async def test_a_group_is_one_record_over_its_operations(tmp_path: Path) -> None:
    world = World({"a": "N1", "b": "N1", "c": "N1"})
    async with Bench(tmp_path, world) as bench:
        await bench.runner.submit_group(group("g", "a", "b", "c"))
        await bench.until_over("op-a", "op-b", "op-c")
        known = groups_told(bench)[0].group
        assert (known.id, known.title, known.actor) == ("g", "Move 3 VMs to N2", "ann")
        children = [bench.record(f"op-{vm}") for vm in "abc"]
        assert {child.group_id for child in children} == {"g"}
        found = standing(current_children(children))
        assert (found.total, found.succeeded, found.state) == (3, 3, S.SUCCEEDED)
    assert world.sent == {"a": 1, "b": 1, "c": 1}


async def test_a_repeated_group_acts_once_even_after_a_restart(tmp_path: Path) -> None:
    world = World({"a": "N1", "b": "N1"})
    async with Bench(tmp_path, world) as bench:
        await bench.runner.submit_group(group("g", "a", "b"))
        await bench.runner.submit_group(group("g", "a", "b"))
        await bench.until_over("op-a", "op-b")
    async with Bench(tmp_path, world) as bench:
        listed = await bench.runner.recover()
        assert [known.id for known in listed.groups] == ["g"]
        await bench.runner.submit_group(group("g", "a", "b"))
        assert bench.record("op-a").state is S.SUCCEEDED
    assert world.sent == {"a": 1, "b": 1}


async def test_one_cancel_stops_all_that_can_be_stopped(tmp_path: Path) -> None:
    world = World({"a": "N1", "b": "N1", "c": "N1"}, polls=10_000)
    async with Bench(tmp_path, world) as bench:
        await bench.runner.submit_group(group("g", "a", "b", "c"))
        await bench.until(lambda: bench.record("op-a").state is S.RUNNING)
        await bench.runner.cancel_group("g")
        await bench.until_over("op-a", "op-b", "op-c")
        assert {bench.record(f"op-{vm}").state for vm in "abc"} == {S.CANCELED}
        assert groups_told(bench)[-1].group.cancel_requested
    assert world.owners == {"a": "N1", "b": "N1", "c": "N1"}


async def test_a_cancel_that_a_crash_cut_short_reaches_the_rest(tmp_path: Path) -> None:
    world = World({"a": "N1", "b": "N1"}, polls=10_000)
    async with Bench(tmp_path, world) as bench:
        await bench.runner.submit_group(group("g", "a", "b"))
        await bench.until(lambda: bench.record("op-b").state is S.RUNNING)
    async with Bench(tmp_path, world) as bench:
        # As if the worker had died right after the group's own line.
        await bench.journal.append(Line("g", 1.0, CancelAsked("ann")))
        await bench.runner.recover()
        await bench.until_over("op-a", "op-b")
        assert {bench.record(f"op-{vm}").state for vm in "ab"} == {S.CANCELED}


async def test_a_retry_asks_again_for_what_failed_and_nothing_else(tmp_path: Path) -> None:
    world = World({"a": "N1", "b": "N1"}, polls=10_000)
    async with Bench(tmp_path, world) as bench:
        await bench.runner.submit_group(group("g", "a", "b"))
        await bench.until(lambda: bench.record("op-a").state is S.RUNNING)
        await bench.runner.cancel("op-b")
        await bench.until_over("op-b")
        await bench.runner.cancel_group("g")
        await bench.until_over("op-a")
        again = to_retry([bench.record("op-a"), bench.record("op-b")])
        assert {record.id for record in again} == {"op-a", "op-b"}
        world.polls = 1
        await bench.runner.submit_group(group("g", "b", prefix="again", retry_of="op-b"))
        await bench.until_over("again-b")
        children = [bench.record(name) for name in ("op-a", "op-b", "again-b")]
        assert [child.id for child in current_children(children)] == ["op-a", "again-b"]
        assert standing(current_children(children)).succeeded == 1
        # What is asked for after the cancel is not canceled by it, after a restart either.
        known = fold_group(await bench.journal.lines_of("g"))
        assert known is not None
        assert not known.cancel_requested
    assert world.owners == {"a": "N1", "b": "N2"}


async def test_a_group_that_does_not_exist_cannot_be_canceled(tmp_path: Path) -> None:
    async with Bench(tmp_path, World({})) as bench:
        await bench.runner.cancel_group("none")
        assert bench.refused[0].operation_id == "none"
