"""An operation that waits for others begins when they ended as they must, and not before."""

from pathlib import Path

import msgspec

from console.channel.messages import GroupChanged, Reorder, Submit, SubmitGroup
from console.model.operation import OperationRecord, OperationState, waiting_reason
from console.model.request import LiveMigrate, MoveMethod, ProveNodeEmpty, Request
from console.worker.journal_lines import Body, Intent, Line, StopAsked, fold
from tests.unit.worker.fakes import Bench, Move, World

S = OperationState
FOUR = {"a": "N1", "b": "N1", "c": "N1", "d": "N1"}


def move(vm: str, *after: str) -> Submit:
    return Submit(f"op-{vm}", LiveMigrate(vm, vm, "N1", "N2"), "g", after=after)


def plan(*parts: Submit) -> SubmitGroup:
    return SubmitGroup("g", "Empty N1", parts)


class Looking(Move):
    """The fake move, which for a proof only looks at how its backend knows the VM ``a``."""

    def title(self, request: Request) -> str:  # type: ignore[override]
        return super().title(request) if isinstance(request, LiveMigrate) else "Prove N1 empty"

    def locks(self, request: Request) -> frozenset[str]:  # type: ignore[override]
        return super().locks(request) if isinstance(request, LiveMigrate) else frozenset()

    def slots(self, request: Request) -> tuple[str, ...]:  # type: ignore[override]
        return super().slots(request) if isinstance(request, LiveMigrate) else ()

    async def run(self, context, request):  # type: ignore[no-untyped-def,override]
        if isinstance(request, LiveMigrate):
            return await super().run(context, request)
        from console.operations.base import Outcome

        return Outcome(S.FAILED, f"a is on {await context.backend.owner('a')}")


async def test_one_begins_only_when_the_other_is_done(tmp_path: Path) -> None:
    world = World(dict(FOUR))
    async with Bench(tmp_path, world) as bench:
        await bench.runner.submit_group(plan(move("a"), move("b", "op-a"), move("c", "op-b")))
        await bench.until_over("op-a", "op-b", "op-c")
        a, b, c = (bench.record(f"op-{vm}") for vm in "abc")
        assert {record.state for record in (a, b, c)} == {S.SUCCEEDED}
        assert (a.ended_at or 0) <= (b.started_at or 0)
        assert (b.ended_at or 0) <= (c.started_at or 0)
        assert "Waits for Move a to N2 to end" in [step.text for step in b.steps]
    assert world.sent == {"a": 1, "b": 1, "c": 1}


async def test_its_reason_and_its_place_are_shown_while_it_waits(tmp_path: Path) -> None:
    world = World(dict(FOUR))
    world.never_ends = True
    async with Bench(tmp_path, world) as bench:
        await bench.runner.submit_group(plan(move("a"), move("b", "op-a")))
        await bench.until(lambda: bench.record("op-b").queue_position is not None)
        record = bench.record("op-b")
        assert waiting_reason(record) == "Waits for Move a to N2 to end"
        assert record.queue_position == 1
        assert record.can_cancel
        # What waits for another stands in nobody's way.
        await bench.submit("later", "b", "N1", "N3")
        await bench.until(lambda: bench.record("later").state is S.RUNNING)


async def test_what_must_succeed_and_did_not_is_told_and_nothing_begins(tmp_path: Path) -> None:
    world = World(dict(FOUR))
    world.never_ends = True
    async with Bench(tmp_path, world, operation=Looking()) as bench:
        proof = Submit("proof", ProveNodeEmpty("N1"), "g", after=("op-a", "op-b"))
        await bench.runner.submit_group(plan(move("a"), move("b", "op-a"), proof))
        await bench.until(lambda: bench.record("op-a").state is S.RUNNING)
        await bench.runner.cancel("op-a")
        await bench.until_over("op-a", "op-b", "proof")
        assert bench.record("op-b").state is S.CANCELED
        assert bench.record("op-b").result == "Not begun: Move a to N2 ended as Canceled."
        # A look is of use after any end.
        assert bench.record("proof").result == "a is on N1"
    assert world.sent == {"a": 1}


async def test_a_plan_goes_on_after_a_crash_where_it_was(tmp_path: Path) -> None:
    world = World(dict(FOUR))
    world.never_ends = True
    async with Bench(tmp_path, world) as bench:
        await bench.runner.submit_group(plan(move("a"), move("b", "op-a"), move("c", "op-b")))
        await bench.until(lambda: bench.record("op-a").state is S.RUNNING)
    world.never_ends = False
    async with Bench(tmp_path, world) as bench:
        listed = await bench.runner.recover()
        waiting = next(record for record in listed.records if record.id == "op-b")
        assert (waiting.state, waiting.after) == (S.QUEUED, ("op-a",))
        await bench.until_over("op-a", "op-b", "op-c")
        assert bench.record("op-c").state is S.SUCCEEDED
    assert world.sent == {"a": 1, "b": 1, "c": 1}


async def test_what_ended_before_the_crash_is_not_waited_for_again(tmp_path: Path) -> None:
    world = World(dict(FOUR))
    async with Bench(tmp_path, world) as bench:
        await bench.runner.submit_group(plan(move("a")))
        await bench.until_over("op-a")
    async with Bench(tmp_path, world) as bench:
        await bench.runner.recover()
        await bench.runner.submit(move("b", "op-a"))
        await bench.until_over("op-b")
        assert bench.record("op-b").state is S.SUCCEEDED


async def test_nothing_waits_for_what_was_never_asked_for(tmp_path: Path) -> None:
    async with Bench(tmp_path, World(dict(FOUR))) as bench:
        await bench.runner.submit(move("a", "nothing"))
        await bench.runner.submit(move("b", "op-b"))
        # A later part, and so a circle, cannot be waited for either.
        await bench.runner.submit_group(plan(move("c", "op-d"), move("d", "op-c")))
        refused = {message.operation_id: message.fault.summary for message in bench.refused}
        assert set(refused) == {"op-a", "op-b", "op-c", "op-d"}
        assert set(refused.values()) == {"What this was to wait for was never asked for."}
        assert await bench.journal.lines_of("op-c") == []
    assert bench.world.sent == {}


async def test_a_stop_lets_what_runs_go_on_and_begins_nothing_more(tmp_path: Path) -> None:
    world = World(dict(FOUR))
    world.never_ends = True
    async with Bench(tmp_path, world, parallel=1) as bench:
        await bench.runner.submit_group(plan(move("a"), move("b"), move("c", "op-a")))
        await bench.until(lambda: bench.record("op-a").state is S.RUNNING)
        await bench.runner.stop_group("g")
        await bench.until_over("op-b", "op-c")
        for name in ("op-b", "op-c"):
            record = bench.record(name)
            assert (record.state, record.cancel_requested) == (S.CANCELED, False)
            assert record.result == "Stopped before it began; nothing was sent."
        assert not bench.record("op-a").is_over
        world.never_ends = False
        await bench.until_over("op-a")
        assert bench.record("op-a").state is S.SUCCEEDED
        told = [message.group for message in bench.messages if isinstance(message, GroupChanged)]
        assert told[-1].stop_requested
        assert not told[-1].cancel_requested
    assert world.sent == {"a": 1}


async def test_a_stop_that_a_crash_cut_short_holds_after_the_restart(tmp_path: Path) -> None:
    world = World(dict(FOUR))
    world.never_ends = True
    async with Bench(tmp_path, world, parallel=1) as bench:
        await bench.runner.submit_group(plan(move("a"), move("b")))
        await bench.until(lambda: bench.record("op-a").state is S.RUNNING)
    async with Bench(tmp_path, world, parallel=1) as bench:
        await bench.journal.append(Line("g", 1.0, StopAsked("ann")))
        world.never_ends = False
        await bench.runner.recover()
        await bench.until_over("op-a", "op-b")
        assert bench.record("op-a").state is S.SUCCEEDED
        assert bench.record("op-b").state is S.CANCELED
        # Asked for again after the stop, it begins.
        again = SubmitGroup(
            "g", "again", (Submit("again-b", LiveMigrate("b", "b", "N1", "N2"), "g", {}, "op-b"),)
        )
        await bench.runner.submit_group(again)
        await bench.until_over("again-b")
        assert bench.record("again-b").state is S.SUCCEEDED
    assert world.sent == {"a": 1, "b": 1}


async def test_a_group_that_does_not_exist_cannot_be_stopped(tmp_path: Path) -> None:
    async with Bench(tmp_path, World({})) as bench:
        await bench.runner.stop_group("none")
        assert bench.refused[0].operation_id == "none"


async def started(bench: Bench, world: World) -> list[str]:
    """In which order the rest began once the first one is let go."""
    world.never_ends = False
    await bench.until_over(*(f"op-{vm}" for vm in FOUR))
    records = sorted((bench.record(f"op-{vm}") for vm in "bcd"), key=_began)
    return [record.id for record in records]


def _began(record: OperationRecord) -> float:
    return record.started_at or 0.0


async def test_a_waiting_operation_is_put_before_another_or_first(tmp_path: Path) -> None:
    world = World(dict(FOUR))
    world.never_ends = True
    async with Bench(tmp_path, world, parallel=1) as bench:
        await bench.runner.submit_group(plan(*map(move, FOUR)))
        await bench.until(lambda: bench.record("op-a").state is S.RUNNING)
        await bench.runner.reorder(Reorder("op-d", "op-c"))
        await bench.runner.reorder(Reorder("op-c"))
        await bench.until(lambda: bench.record("op-c").queue_position == 1)
        assert "Put to the front" in [step.text for step in bench.record("op-c").steps]
        assert await started(bench, world) == ["op-c", "op-b", "op-d"]


async def test_the_new_order_survives_a_restart(tmp_path: Path) -> None:
    world = World(dict(FOUR))
    world.never_ends = True
    async with Bench(tmp_path, world, parallel=1) as bench:
        await bench.runner.submit_group(plan(*map(move, FOUR)))
        await bench.until(lambda: bench.record("op-a").state is S.RUNNING)
        await bench.runner.reorder(Reorder("op-d", "op-b"))
        await bench.runner.reorder(Reorder("op-c", "op-b"))
    async with Bench(tmp_path, world, parallel=1) as bench:
        await bench.runner.recover()
        await bench.runner.reorder(Reorder("op-b", "op-c"))
        assert await started(bench, world) == ["op-d", "op-b", "op-c"]


async def test_what_has_begun_has_no_place_any_more(tmp_path: Path) -> None:
    world = World(dict(FOUR))
    world.never_ends = True
    async with Bench(tmp_path, world, parallel=1) as bench:
        await bench.runner.submit_group(plan(*map(move, FOUR)))
        await bench.until(lambda: bench.record("op-a").state is S.RUNNING)
        for wrong in (Reorder("op-a"), Reorder("op-b", "op-a"), Reorder("none")):
            await bench.runner.reorder(wrong)
        assert [message.operation_id for message in bench.refused] == ["op-a", "op-b", "none"]


def test_lines_of_an_older_console_are_read_as_they_were_meant() -> None:
    text = (
        b'{"type":"intent","request":{"type":"live_migrate","vm_key":"v","vm_name":"v",'
        b'"source":"N1","target":"N2"},"title":"Move v to N2","connection_id":"lab"}'
    )
    body = msgspec.json.decode(text, type=Body)
    assert isinstance(body, Intent)
    record = fold([Line("op", 1.0, body)])
    assert record is not None
    assert record.after == ()
    assert isinstance(record.request, LiveMigrate)
    assert record.request.method is MoveMethod.LIVE
