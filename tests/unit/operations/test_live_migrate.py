"""A move is judged by where the VM is and what it kept, never by what was accepted."""

from typing import Any

import msgspec
import pytest

from console.backends import BackendError, JobReport, RemoteJob
from console.model.freshness import Fault, FaultCode
from console.model.operation import MoveProgress, OperationState
from console.model.request import LiveMigrate
from console.model.virtual_machine import PowerState, VirtualMachine, VmKind
from console.operations import operation_for
from console.operations.base import Outcome, SentStep
from tests.unit.operations.context import Context

S = OperationState
SENT = (SentStep("start_live_migration"),)


@pytest.fixture
async def context() -> Context:
    made = Context()
    await made.refresh()
    return made


def a_request(context: Context) -> LiveMigrate:
    vm = next(
        vm
        for vm in context.inventory.vms.values()
        if vm.kind is VmKind.AZURE_LOCAL
        and vm.power is PowerState.RUNNING
        and vm.cluster is not None
        and vm.cluster.vtpm_state
        and vm.cluster.migration is None
        and not vm.cluster.mounted_iso
        and not vm.cluster.possible_owners
    )
    target = next(node for node in context.inventory.nodes if node != vm.owner_node)
    return LiveMigrate(vm.key, vm.name, vm.owner_node or "", target)


async def run(context: Context, request: LiveMigrate) -> Outcome:
    return await operation_for(request).run(context, request)


async def test_it_arrives_and_says_what_it_kept(context: Context) -> None:
    request = a_request(context)
    outcome = await run(context, request)
    assert outcome.state is S.SUCCEEDED, outcome
    assert "vTPM state as before" in outcome.result
    assert context.inventory.vms[request.vm_key].owner_node == request.target
    assert context.site.vms[request.vm_key].owner == request.target


async def test_the_journalled_command_names_source_and_target(context: Context) -> None:
    request = a_request(context)
    await run(context, request)
    assert request.target in context.commands[0]
    assert request.source in context.commands[0]


async def test_a_stale_source_is_refused_and_nothing_moves(context: Context) -> None:
    request = a_request(context)
    other = next(n for n in context.inventory.nodes if n not in (request.source, request.target))
    stale = LiveMigrate(request.vm_key, request.vm_name, other, request.target)
    outcome = await run(context, stale)
    assert outcome.state is S.FAILED
    assert context.site.vms[request.vm_key].owner == request.source


async def test_after_a_restart_an_arrived_vm_is_not_sent_again(context: Context) -> None:
    request = a_request(context)
    await run(context, request)
    context.steps.clear()
    context.sent = SENT
    outcome = await run(context, request)
    assert outcome.state is S.SUCCEEDED
    assert "how it came there was not seen" in outcome.result
    assert context.steps == []


async def test_after_a_restart_nothing_is_called_as_before_that_nobody_saw(
    context: Context,
) -> None:
    request = a_request(context)
    await run(context, request)
    context.sent = SENT
    outcome = await run(context, request)
    assert "as before" not in outcome.result
    assert "not seen" in outcome.result


async def test_after_a_restart_a_vm_still_at_home_is_sent_once_after_the_window(
    context: Context,
) -> None:
    request = a_request(context)
    context.sent = SENT
    started = context.now()
    outcome = await run(context, request)
    assert outcome.state is S.SUCCEEDED
    assert context.steps == ["start_live_migration"]
    assert context.now() - started >= 50


async def test_after_a_restart_a_third_node_supersedes(context: Context) -> None:
    request = a_request(context)
    other = next(n for n in context.inventory.nodes if n not in (request.source, request.target))
    context.sent = SENT
    context.site.vms[request.vm_key].owner = other
    outcome = await run(context, request)
    assert outcome.state is S.FAILED
    assert "moved it" in outcome.result
    assert context.steps == []


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
async def test_a_jump_of_the_wall_clock_neither_shortens_nor_stretches_the_window(
    context: Context, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    request = a_request(context)
    context.sent = SENT
    began = context.clock.now()
    sent_after: list[float] = []

    async def sending(step: str, command: str, seen: str = "") -> None:
        sent_after.append(context.clock.now() - began)

    monkeypatch.setattr(context, "sending", sending)
    monkeypatch.setattr(
        context, "now", lambda: context.clock.now() + (jump if context.clock.now() > began else 0)
    )
    outcome = await run(context, request)
    assert outcome.state is S.SUCCEEDED
    assert sent_after == [pytest.approx(50.0)]


async def test_a_vm_that_arrives_without_its_vtpm_is_no_success(context: Context) -> None:
    request = a_request(context)
    real = context.world.read_vm

    async def emptied(key: str) -> VirtualMachine | None:
        vm = await real(key)
        assert vm is not None
        assert vm.cluster is not None
        facts = msgspec.structs.replace(vm.cluster, vtpm_state="another.1")
        return msgspec.structs.replace(vm, cluster=facts)

    context.world.read_vm = emptied  # type: ignore[method-assign]
    outcome = await run(context, request)
    assert outcome.state is S.FAILED
    assert "its vTPM state is not as before" in outcome.result
    assert context.site.vms[request.vm_key].owner == request.target


@pytest.mark.parametrize("has_landed", ["moving", "arrived", "no"])
async def test_a_refused_repetition_is_told_by_where_the_vm_is(
    context: Context, monkeypatch: pytest.MonkeyPatch, has_landed: str
) -> None:
    """The first command landed while the second was on its way: refused is not failed."""
    request = a_request(context)
    real = context.world.start_live_migration

    async def refused(*arguments: str) -> RemoteJob:
        if has_landed != "no":
            await real(*arguments)
        if has_landed == "arrived":
            context.clock.advance(600)
        raise BackendError(Fault(FaultCode.CONFLICT, "The VM is migrating already."))

    monkeypatch.setattr(context.world, "start_live_migration", refused)
    context.sent = SENT
    outcome = await run(context, request)
    if has_landed == "no":
        assert outcome.state is S.FAILED
        assert request.source in outcome.result
    else:
        assert outcome.state is S.SUCCEEDED, outcome
        assert context.site.vms[request.vm_key].owner == request.target


async def test_the_measured_pause_is_told(context: Context) -> None:
    request = a_request(context)
    real = context.follow

    async def follow(job: RemoteJob, **how: Any) -> JobReport:
        report = await real(job, **how)
        return msgspec.structs.replace(report, move=MoveProgress(blackout_ms=83.4))

    context.follow = follow  # type: ignore[method-assign]
    outcome = await run(context, request)
    assert outcome.state is S.SUCCEEDED
    assert "pause 83 ms measured" in outcome.result


@pytest.mark.parametrize("node", ["the target", "another node"])
async def test_a_move_that_failed_is_never_told_as_arrived(context: Context, node: str) -> None:
    """The cluster may start a VM again on the target when it lost the source: that is no move."""
    request = a_request(context)
    others = [n for n in context.inventory.nodes if n not in (request.source, request.target)]
    where = request.target if node == "the target" else others[0]
    vm = context.site.vms[request.vm_key]
    real = context.world.start_live_migration

    async def lost(*values: Any) -> RemoteJob:
        job = await real(*values)
        context.clock.advance(2.0)
        context.site.migration_plane.node_lost(request.source)
        vm.owner, vm.started_at = where, context.clock.now()
        return job

    context.world.start_live_migration = lost  # type: ignore[method-assign]
    outcome = await run(context, request)
    assert outcome.state is S.FAILED
    assert f"is on {where}, but not by this move" in outcome.result
    assert "It was restarted there." in outcome.result


async def test_what_did_not_leave_because_the_wire_was_gone_is_sent_after_all(
    context: Context,
) -> None:
    """A plan of a hundred moves must not fail move by move while nobody answers for a moment."""
    request = a_request(context)
    real, tries = context.world.start_live_migration, 0

    async def gone_twice(*values: Any) -> RemoteJob:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise BackendError(Fault(FaultCode.REFUSED, "N1 refused the connection."))
        return await real(*values)

    context.world.start_live_migration = gone_twice  # type: ignore[method-assign]
    outcome = await run(context, request)
    assert outcome.state is S.SUCCEEDED, outcome
    assert len(context.steps) == 3, "each try is journalled before it leaves"
    assert context.site.counters[f"migrate:{request.vm_key}"] == 1


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_a_wire_that_stays_gone_ends_it_in_its_own_words(
    context: Context, is_cancelled: bool
) -> None:
    request = a_request(context)

    async def gone(*_values: Any) -> RemoteJob:
        context.cancel_requested = is_cancelled
        raise BackendError(Fault(FaultCode.UNREACHABLE, "No node answers."))

    context.world.start_live_migration = gone  # type: ignore[method-assign]
    outcome = await run(context, request)
    if is_cancelled:
        assert (outcome.state, outcome.result) == (S.CANCELED, "Canceled before anything was sent.")
    else:
        assert (outcome.state, outcome.result) == (S.FAILED, "Nothing was sent: No node answers.")


async def test_what_may_have_left_is_not_sent_again(context: Context) -> None:
    request = a_request(context)

    async def lost(*_values: Any) -> RemoteJob:
        raise BackendError(Fault(FaultCode.TIMED_OUT, "No answer."), was_sent=True)

    context.world.start_live_migration = lost  # type: ignore[method-assign]
    with pytest.raises(BackendError):
        await run(context, request)
    assert len(context.steps) == 1
