"""Operations run once, in turn, after fresh checks; what is not known is found out by looking."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from console.backends import BackendError, JobReport, JobState
from console.channel.messages import Notice
from console.model.finding import Finding, Severity
from console.model.freshness import Fault, FaultCode, Wire, WireReading
from console.model.operation import OperationState, stalled_since
from console.model.request import LiveMigrate
from console.operations.base import OperationContext, Outcome
from console.worker.journal_lines import Progressed, fold
from console.worker.journal_store import JournalWriteError
from console.worker.pace import Pace
from tests.unit.worker.fakes import Bench, Job, Memory, Move, World

S = OperationState


async def test_a_move_goes_through_every_state_and_is_journalled(tmp_path: Path) -> None:
    world = World({"vm": "N1"})
    async with Bench(tmp_path, world) as bench:
        await bench.submit("op", "vm", "N1", "N2", group_id="g")
        await bench.until_over("op")
        assert bench.states("op") == [S.QUEUED, S.CHECKING, S.RUNNING, S.VERIFYING, S.SUCCEEDED]
        record = bench.record("op")
        assert (record.result, record.actor, record.group_id) == ("It runs on N2", "ann", "g")
        assert record.commands == ("Move-VM vm",)
        assert bench.refreshes == 1
        assert fold(await bench.journal.lines_of("op")) == record
    assert world.sent == {"vm": 1}


async def test_the_same_submit_again_acts_once_even_after_a_restart(tmp_path: Path) -> None:
    world = World({"vm": "N1"})
    async with Bench(tmp_path, world) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until_over("op")
        await bench.submit("op", "vm", "N1", "N2")
        assert bench.record("op").state is S.SUCCEEDED
    async with Bench(tmp_path, world) as bench:
        listed = (await bench.runner.recover()).records
        assert [(record.id, record.state) for record in listed] == [("op", S.SUCCEEDED)]
        await bench.submit("op", "vm", "N1", "N2")
        assert bench.states("op") == [S.SUCCEEDED]
    assert world.sent == {"vm": 1}


async def test_moves_of_one_vm_wait_for_each_other(tmp_path: Path) -> None:
    world = World({"vm": "N1"})
    async with Bench(tmp_path, world) as bench:
        await bench.submit("first", "vm", "N1", "N2")
        await bench.submit("second", "vm", "N2", "N3")
        await bench.until_over("first")
        assert bench.states("second") == [S.QUEUED]
        await bench.until_over("second")
    assert world.owners["vm"] == "N3"


@pytest.mark.parametrize(("parallel", "most"), [(None, 1), (2, 2)])
async def test_slots_bound_the_moves_of_a_node_and_positions_are_told(
    tmp_path: Path, parallel: int | None, most: int
) -> None:
    names = [f"vm{n}" for n in range(6)]
    world = World(dict.fromkeys(names, "N1"), polls=60)
    async with Bench(tmp_path, world, parallel=parallel) as bench:
        for name in names:
            await bench.submit(f"op-{name}", name, "N1", "N2")
        await bench.until(lambda: bench.record("op-vm5").queue_position == 6 - most)
        await bench.until_over(*(f"op-{name}" for name in names))
        assert bench.record("op-vm5").queue_position is None
    assert world.most_at_once["N1"] == most
    assert set(world.owners.values()) == {"N2"}


async def test_a_move_between_free_nodes_passes_one_that_waits_for_a_full_node(
    tmp_path: Path,
) -> None:
    world = World({"a": "N1", "b": "N1", "c": "N3"}, polls=40)
    async with Bench(tmp_path, world, parallel=1) as bench:
        await bench.submit("a", "a", "N1", "N2")
        await bench.submit("b", "b", "N1", "N2")
        await bench.submit("c", "c", "N3", "N4")
        await bench.until(lambda: bench.states("c")[-1] is S.RUNNING)
        assert bench.states("b") == [S.QUEUED]
        await bench.until_over("a", "b", "c")


async def test_a_blocking_finding_ends_it_in_words_and_nothing_is_sent(tmp_path: Path) -> None:
    finding = Finding("node_is_up", Severity.BLOCKS, "N2 is down.", remedy="Start N2.")
    world = World({"vm": "N1"})
    async with Bench(tmp_path, world, findings=lambda _request: (finding,)) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until_over("op")
        record = bench.record("op")
        assert (record.state, record.result) == (S.BLOCKED, "Not done: N2 is down.")
        assert record.findings == (finding,)
        assert record.fault is not None
        assert record.fault.remedy == "Start N2."
    assert not world.sent


async def test_what_cannot_be_established_blocks_with_both_wires_up(tmp_path: Path) -> None:
    finding = Finding("memory", Severity.UNKNOWN, "N2's memory is not known.")
    world = World({"vm": "N1"})
    async with Bench(tmp_path, world, findings=lambda _request: (finding,)) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until_over("op")
        assert bench.record("op").state is S.BLOCKED
        assert "could not be established" in bench.record("op").result
    assert not world.sent


async def test_what_cannot_be_established_waits_while_a_wire_is_down(tmp_path: Path) -> None:
    answers = [Severity.UNKNOWN, Severity.UNKNOWN, Severity.FINE]
    world = World({"vm": "N1"})
    async with Bench(
        tmp_path, world, findings=lambda _request: (Finding("m", answers.pop(0), "N2?"),)
    ) as bench:
        bench.inventory.cluster_wire = WireReading(
            Wire.CLUSTER, faults=(Fault(FaultCode.TIMED_OUT, "no answer"),)
        )
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until_over("op")
        assert bench.record("op").state is S.SUCCEEDED


@pytest.mark.parametrize(
    "code", [FaultCode.THROTTLED, FaultCode.TIMED_OUT, FaultCode.SIGN_IN_REQUIRED]
)
async def test_a_wire_that_asks_to_wait_is_waited_for(tmp_path: Path, code: FaultCode) -> None:
    answers = 3
    world = World({"vm": "N1"})

    def asked(_request: object) -> tuple[Finding, ...]:
        nonlocal answers
        answers -= 1
        if answers > 0:
            raise BackendError(Fault(code, "Azure asks for fewer requests."))
        return ()

    async with Bench(tmp_path, world, findings=asked) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until_over("op")
        record = bench.record("op")
        assert record.state is S.SUCCEEDED, record.fault
        assert "Waiting: Azure asks for fewer requests." in [step.text for step in record.steps]


async def test_a_sign_in_is_waited_for_longer_than_any_patience(tmp_path: Path) -> None:
    """A wire that is down refuses after its patience; one that waits for a person does not."""
    world = World({"vm": "N1"})
    answers = [Severity.UNKNOWN] * 40 + [Severity.FINE]
    async with Bench(
        tmp_path, world, findings=lambda _request: (Finding("m", answers.pop(0), "N2?"),)
    ) as bench:
        bench.inventory.arm = WireReading(
            Wire.ARM, faults=(Fault(FaultCode.SIGN_IN_REQUIRED, "Sign in again."),)
        )
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until_over("op")
        assert bench.record("op").state is S.SUCCEEDED, bench.record("op").result


async def test_a_check_that_stays_unanswered_refuses_in_the_end(tmp_path: Path) -> None:
    def asked(_request: object) -> tuple[Finding, ...]:
        raise BackendError(Fault(FaultCode.TIMED_OUT, "Azure did not answer."))

    async with Bench(tmp_path, World({"vm": "N1"}), findings=asked) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until_over("op")
        assert bench.record("op").state is S.BLOCKED


async def test_a_check_that_waits_keeps_its_place_and_writes_one_line(tmp_path: Path) -> None:
    answers = [Severity.WAITS] * 5 + [Severity.FINE]
    world = World({"vm": "N1"})
    async with Bench(
        tmp_path, world, findings=lambda _request: (Finding("s", answers.pop(0), "N2 is busy."),)
    ) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until_over("op")
        texts = [step.text for step in bench.record("op").steps]
        assert texts.count("Waiting: N2 is busy.") == 1
        assert bench.record("op").state is S.SUCCEEDED


async def test_a_check_with_a_bug_blocks_its_act_only(tmp_path: Path) -> None:
    def broken(_request: object) -> tuple[Finding, ...]:
        raise ZeroDivisionError

    world = World({"vm": "N1"})
    async with Bench(tmp_path, world, findings=broken) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until_over("op")
        assert bench.record("op").state is S.BLOCKED


async def test_cancel_while_queued_and_while_running(tmp_path: Path) -> None:
    world = World({"a": "N1", "b": "N1"})
    world.never_ends = True
    async with Bench(tmp_path, world, parallel=1) as bench:
        await bench.submit("a", "a", "N1", "N2")
        await bench.submit("b", "b", "N1", "N2")
        await bench.until(lambda: bool(world.running))
        await bench.runner.cancel("b")
        await bench.until_over("b")
        assert bench.record("b").state is S.CANCELED
        await bench.runner.cancel("a")
        await bench.until_over("a")
        assert bench.record("a").cancel_requested
        assert bench.record("a").result == "The move was canceled; the VM stayed"
    assert world.sent == {"a": 1}
    assert world.canceled == ["a"]
    assert world.owners == {"a": "N1", "b": "N1"}


async def test_an_operation_that_cannot_be_canceled_says_so(tmp_path: Path) -> None:
    class Steadfast(Move):
        can_cancel = False

    world = World({"vm": "N1"})
    world.never_ends = True
    async with Bench(tmp_path, world, operation=Steadfast()) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until(lambda: bool(world.running))
        assert not bench.record("op").can_cancel
        await bench.runner.cancel("op")
        assert "cannot be canceled" in bench.refused[0].fault.summary
        await bench.runner.cancel("no such operation")
        assert len(bench.refused) == 2
    assert not world.canceled


async def test_an_answer_that_got_lost_is_unknown_then_found_by_looking(tmp_path: Path) -> None:
    world = World({"vm": "N1"}, polls=5)
    world.loses_answer = True
    async with Bench(tmp_path, world) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until_over("op")
        assert S.UNKNOWN in bench.states("op")
        assert bench.record("op").state is S.SUCCEEDED
    assert world.sent == {"vm": 1}


async def test_contact_lost_past_the_deadline_is_unknown_and_keeps_looking(tmp_path: Path) -> None:
    world = World({"vm": "N1"}, polls=5)
    pace = Pace(contact_lost_after=10.0)
    async with Bench(tmp_path, world, pace=pace) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until(lambda: bool(world.running))
        world.is_silent = True
        await bench.until(lambda: bench.record("op").state is S.UNKNOWN)
        fault = bench.record("op").fault
        assert fault is not None
        assert fault.code is FaultCode.LOST
        world.is_silent = False
        await bench.until_over("op")
        assert bench.record("op").state is S.SUCCEEDED
        texts = [step.text for step in bench.record("op").steps]
        assert any(text.startswith("Contact lost") for text in texts)
    assert world.sent == {"vm": 1}


async def test_a_short_loss_of_contact_is_noted_and_survived(tmp_path: Path) -> None:
    world = World({"vm": "N1"}, polls=50)
    async with Bench(tmp_path, world) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until(lambda: bool(world.running))
        world.is_silent = True
        await asyncio.sleep(0.05)
        world.is_silent = False
        await bench.until_over("op")
        assert S.UNKNOWN not in bench.states("op")
        texts = [step.text for step in bench.record("op").steps]
        assert any(text.startswith("Contact again") for text in texts)


async def test_one_can_let_go_of_what_stays_unknown(tmp_path: Path) -> None:
    world = World({"vm": "N1"})
    pace = Pace(contact_lost_after=1.0)
    async with Bench(tmp_path, world, pace=pace) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until(lambda: bool(world.running))
        world.is_silent = True
        await bench.until(lambda: bench.record("op").state is S.UNKNOWN)
        assert bench.record("op").can_cancel
        await bench.runner.cancel("op")
        await bench.until_over("op")
        assert bench.record("op").state is S.CANCELED
        assert "never seen" in bench.record("op").result
    assert world.sent == {"vm": 1}


class NeverSeen(Move):
    """Sends once, then looks for a minute each time and sees nothing."""

    can_cancel = False

    async def run(self, context: OperationContext, request: LiveMigrate) -> Outcome:
        if not context.sent:
            await context.sending("restart", "POST restart")
        await context.verifying("Looking")
        await context.sleep(60.0)
        fault = Fault(FaultCode.LOST, "Not seen", "Look at the VM.")
        return Outcome(S.UNKNOWN, "Whether it restarted is not known.", fault)


async def test_one_can_let_go_while_it_is_being_looked_at_again(tmp_path: Path) -> None:
    async with Bench(tmp_path, World({"vm": "N1"}), operation=NeverSeen()) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until(lambda: bench.record("op").state is S.VERIFYING)
        assert not bench.record("op").can_cancel
        await bench.runner.cancel("op")
        assert [message.operation_id for message in bench.refused] == ["op"]
        await bench.until(lambda: bench.states("op")[-2:] == [S.UNKNOWN, S.VERIFYING])
        assert bench.record("op").can_cancel
        await bench.runner.cancel("op")
        await bench.until_over("op")
        assert bench.record("op").state is S.CANCELED
        assert "stopped looking" in bench.record("op").result
        assert len(bench.refused) == 1


async def test_a_standstill_is_said_and_so_is_its_end(tmp_path: Path) -> None:
    world = World({"vm": "N1"}, polls=10)
    world.never_ends = True
    async with Bench(tmp_path, world, pace=Pace(stalled_after=20.0)) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until(
            lambda: world.sent["vm"] == 1 and stalled_since(bench.record("op")) is not None
        )
        world.running["vm"] = ("N2", 8)
        await bench.until(lambda: bench.record("op").steps[-1].text == "Progress again")
        assert stalled_since(bench.record("op")) is None
        world.never_ends = False
        await bench.until_over("op")
    assert stalled_since(bench.record("op")) is None


async def test_a_bar_never_runs_backwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration's percentage falls when a pass begins anew; what was reached stays."""
    told = iter((0.2, 0.6, 0.1, 0.5, 0.7))

    async def poll(self: Job) -> JobReport:
        fraction = next(told, None)
        if fraction is None:
            return await real(self)
        return JobReport(JobState.RUNNING, f"Pass at {fraction}", fraction)

    real = Job.poll
    monkeypatch.setattr(Job, "poll", poll)
    async with Bench(tmp_path, World({"vm": "N1"}, polls=1)) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until_over("op")
        lines = await bench.journal.lines_of("op")
        bars = [line.body.progress.fraction for line in lines if isinstance(line.body, Progressed)]
    assert bars[:5] == [0.2, 0.6, 0.6, 0.6, 0.7]


async def test_a_server_that_asks_to_wait_a_day_is_asked_again_in_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Job.poll

    async def wishing(self: Job) -> JobReport:
        return msgspec.structs.replace(await real(self), poll_after_s=86400.0)

    monkeypatch.setattr(Job, "poll", wishing)
    world = World({"vm": "N1"}, polls=3)
    async with Bench(tmp_path, world, pace=Pace(poll_most=20.0)) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        # A day would be seven minutes of this clock.
        async with asyncio.timeout(5):
            await bench.until_over("op")


class Buggy(Move):
    """Raises before or after its call."""

    def __init__(self, after_sending: bool) -> None:
        self.after_sending = after_sending
        self.raised = False

    async def run(self, context: OperationContext, request: LiveMigrate) -> Outcome:
        if not self.raised:
            self.raised = True
            if self.after_sending:
                await context.sending("migrate", "Move-VM with hunter2-secret inside")
                await context.backend.start_live_migration("vm", "N1", "N2", "op")
            raise KeyError("hunter2-secret")
        return await super().run(context, request)


def _everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.mark.parametrize("after_sending", [False, True])
async def test_a_bug_in_an_operation_ends_that_operation_and_leaks_nothing(
    tmp_path: Path, after_sending: bool
) -> None:
    world = World({"vm": "N1", "other": "N1"})
    async with Bench(tmp_path, world, operation=Buggy(after_sending)) as bench:
        await bench.submit("op", "vm", "N1", "N2", secrets={"admin_password": "hunter2-secret"})
        await bench.until_over("op")
        record = bench.record("op")
        assert record.state is (S.SUCCEEDED if after_sending else S.FAILED)
        assert (S.UNKNOWN in bench.states("op")) is after_sending
        await bench.submit("other", "other", "N1", "N2")
        await bench.until_over("other")
        assert bench.record("other").state is S.SUCCEEDED
        told = repr(bench.messages)
    assert "KeyError" in told
    assert "hunter2" not in told
    assert b"hunter2" not in _everything_in(tmp_path)
    assert world.sent["vm"] == (1 if after_sending else 0)


async def test_secrets_are_recalled_after_a_restart_and_forgotten_at_the_end(
    tmp_path: Path,
) -> None:
    class NeedsSecret(Move):
        async def run(self, context: OperationContext, request: LiveMigrate) -> Outcome:
            assert context.secrets["admin_password"] == "correct horse"
            return await super().run(context, request)

    world = World({"vm": "N1"})
    world.never_ends = True
    memory = Memory()
    async with Bench(tmp_path, world, operation=NeedsSecret(), credentials=memory) as bench:
        await bench.submit("op", "vm", "N1", "N2", secrets={"admin_password": "correct horse"})
        await bench.until(lambda: bool(world.running))
        assert memory.kept
    world.never_ends = False
    async with Bench(tmp_path, world, operation=NeedsSecret(), credentials=memory) as bench:
        await bench.runner.recover()
        await bench.until_over("op")
        assert bench.record("op").state is S.SUCCEEDED
        await asyncio.sleep(0.05)
    assert not memory.kept


async def test_without_a_keyring_it_is_said_once(tmp_path: Path) -> None:
    world = World({"a": "N1", "b": "N1"})
    async with Bench(tmp_path, world, credentials=Memory(is_durable=False)) as bench:
        for name in ("a", "b"):
            await bench.submit(name, name, "N1", "N2", secrets={"admin_password": "correct"})
        await bench.until_over("a", "b")
        notices = [message for message in bench.messages if isinstance(message, Notice)]
        assert len(notices) == 1
        assert "keyring" in notices[0].fault.summary


async def test_an_intent_that_the_disk_does_not_take_is_refused(tmp_path: Path) -> None:
    world = World({"vm": "N1"})
    async with Bench(tmp_path, world) as bench:

        async def full(*_lines: object) -> None:
            raise JournalWriteError("database or disk is full")

        bench.journal.append = full  # type: ignore[method-assign]
        await bench.submit("op", "vm", "N1", "N2")
        assert [refused.operation_id for refused in bench.refused] == ["op"]
        assert "journal cannot be written" in bench.refused[0].fault.summary
    assert not world.sent


@pytest.mark.parametrize("full_from", range(1, 7))
async def test_a_disk_that_fills_up_under_a_move_loses_nothing(
    tmp_path: Path, full_from: int
) -> None:
    """From that append on the disk is full, for a while: then the move ends as it really did."""
    world = World({"vm": "N1"})
    async with Bench(tmp_path, world) as bench:
        real, count = bench.journal.append, 0

        async def filling(*lines: object) -> None:
            nonlocal count
            count += 1
            if full_from < count < full_from + 8:
                raise JournalWriteError("database or disk is full")
            await real(*lines)  # type: ignore[arg-type]

        bench.journal.append = filling  # type: ignore[method-assign]
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until_over("op")
        record = bench.record("op")
        assert record.state is (S.SUCCEEDED if world.sent["vm"] else S.FAILED)
        assert fold(await bench.journal.lines_of("op")) == record
    assert (world.owners["vm"] == "N2") is (record.state is S.SUCCEEDED)


async def test_operations_of_another_connection_are_left_alone(tmp_path: Path) -> None:
    world = World({"vm": "N1"})
    world.never_ends = True
    async with Bench(tmp_path, world) as bench:
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until(lambda: bool(world.running))
    async with Bench(tmp_path, world, connection_id="production") as bench:
        assert (await bench.runner.recover()).records == ()
        assert bench.runner.unfinished == ()


@pytest.mark.parametrize("hangs", [2, 1_000_000])
async def test_checks_that_do_not_end_are_made_again_while_there_is_patience(
    tmp_path: Path, hangs: int
) -> None:
    """A wire that is silent for a moment must not block what waits its turn."""
    pace = Pace(refresh_at_most=0.05, wire_patience=60.0, wait_again=1.0)
    asked = 0

    async def silent(*_values: object) -> tuple[Finding, ...]:
        nonlocal asked
        asked += 1
        if asked <= hangs:
            await asyncio.sleep(60)
        return ()

    async with Bench(tmp_path, World({"vm": "N1"}), pace=pace) as bench:
        bench.runner.run_checks = silent
        await bench.submit("op", "vm", "N1", "N2")
        await bench.until_over("op")
        record = bench.record("op")
        assert record.state is (S.SUCCEEDED if hangs == 2 else S.BLOCKED), record
        assert asked > 2
        if record.state is S.BLOCKED:
            assert "did not come to an end in time" in record.result
