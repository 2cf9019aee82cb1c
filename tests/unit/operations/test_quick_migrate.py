"""A quick migration saves, hands over and resumes; it is looked at like a live one."""

from collections.abc import Callable

import pytest

from console.checks.expectation import quick_pause_s
from console.lab.world.state import WorldVm
from console.model.operation import OperationState
from console.model.request import LiveMigrate, MoveMethod
from console.operations import BY_KIND, operation_for
from console.operations.base import Outcome, SentStep
from tests.unit.operations.context import Context

S = OperationState
SENT = (SentStep("start_quick_migration", "", "Running"),)


def running(vm: WorldVm) -> bool:
    return vm.state == "Running" and vm.isolation == "TrustedLaunch" and not vm.mounted_iso


def off(vm: WorldVm) -> bool:
    return vm.state == "Off"


async def chosen(
    which: Callable[[WorldVm], bool] = running,
) -> tuple[Context, WorldVm, LiveMigrate]:
    context = Context()
    await context.refresh()
    vm = next(v for v in context.site.vms.values() if which(v) and not v.is_resource_bridge)
    target = next(name for name in context.site.nodes if name != vm.owner)
    return context, vm, LiveMigrate(vm.vm_id, vm.name, vm.owner, target, MoveMethod.QUICK)


async def run(context: Context, request: LiveMigrate) -> Outcome:
    return await operation_for(request).run(context, request)


def moved(context: Context, vm: WorldVm) -> int:
    return context.site.counters[f"migrate:{vm.vm_id}"]


async def test_the_vm_arrives_as_it_was_and_the_pause_is_measured() -> None:
    context, vm, request = await chosen()
    state = vm.tpm_state
    outcome = await run(context, request)
    assert outcome.state is S.SUCCEEDED
    assert context.commands == [
        f"Start-TlcQuickMigration -VMId {vm.vm_id} -TargetNode {request.target} "
        f"-ExpectedOwner {request.source}"
    ]
    assert (vm.owner, vm.state, vm.tpm_state) == (request.target, "Running", state)
    assert "vTPM state as before" in outcome.result
    assert outcome.measured is not None
    paused = outcome.measured.blackout_ms or 0.0
    # Memory to the volume and back.
    assert paused > 2000.0 * vm.memory_mib / context.site.settings.quick_mib_s
    assert "measured" in outcome.result
    # Told before anything was sent.
    (told,) = context.told
    low, high = quick_pause_s(vm.memory_mib)
    assert told == f"It stands still for {low:.0f} to {high:.0f} s, as far as can be estimated"


async def test_a_vm_that_is_off_changes_hands_and_stays_off() -> None:
    context, vm, request = await chosen(off)
    outcome = await run(context, request)
    assert outcome.state is S.SUCCEEDED
    assert (vm.owner, vm.state) == (request.target, "Off")
    assert f"{vm.name} is on {request.target}: stopped" in outcome.result


async def test_where_it_cannot_go_it_is_resumed_at_home() -> None:
    context, vm, request = await chosen()
    target = context.site.nodes[request.target]
    real = context.world.start_quick_migration

    async def and_then_the_target_is_paused(*values: str) -> object:
        job = await real(*values)
        target.state = "Paused"
        return job

    context.world.start_quick_migration = and_then_the_target_is_paused  # type: ignore[method-assign,assignment]
    outcome = await run(context, request)
    assert outcome.state is S.FAILED
    assert outcome.result == f"{vm.name} is still on {request.source}."
    assert outcome.fault is not None
    assert f"node {request.target} is Paused" in outcome.fault.summary
    assert (vm.owner, vm.state) == (request.source, "Running")


async def test_after_a_restart_one_that_goes_on_is_not_sent_again() -> None:
    context, vm, request = await chosen()
    context.site.start_quick_migration(vm.vm_id, request.target, vm.owner, "op-1")
    context.clock.advance(1.0)
    assert vm.state == "Saving"
    context.sent = SENT
    await context.refresh()
    outcome = await run(context, request)
    assert (outcome.state, context.steps, moved(context, vm)) == (S.SUCCEEDED, [], 1)


async def test_after_a_restart_one_that_arrived_is_not_sent_again() -> None:
    context, vm, request = await chosen()
    context.site.start_quick_migration(vm.vm_id, request.target, vm.owner, "op-1")
    context.clock.advance(600.0)
    context.sent = SENT
    await context.refresh()
    outcome = await run(context, request)
    assert (outcome.state, context.steps, moved(context, vm)) == (S.SUCCEEDED, [], 1)


async def test_after_a_restart_one_that_never_left_is_sent_once() -> None:
    context, vm, request = await chosen()
    context.sent = SENT
    outcome = await run(context, request)
    assert (outcome.state, context.steps) == (S.SUCCEEDED, ["start_quick_migration"])
    assert moved(context, vm) == 1


async def test_after_a_restart_a_vm_that_ran_must_run_again() -> None:
    context, vm, request = await chosen()
    context.site.start_quick_migration(vm.vm_id, request.target, vm.owner, "op-1")
    context.clock.advance(600.0)
    with context.site.look():
        vm.state, vm.group_state = "Saved", "Offline"
    context.sent = SENT
    await context.refresh()
    outcome = await run(context, request)
    assert outcome.state is S.FAILED
    assert outcome.result == f"{vm.name} is on {request.target}, but it is saved."


@pytest.mark.parametrize(
    ("method", "kind", "can_cancel"),
    [(MoveMethod.LIVE, "live_migrate", True), (MoveMethod.QUICK, "quick_migrate", False)],
)
def test_what_can_be_cancelled_depends_on_the_method(
    method: MoveMethod, kind: str, can_cancel: bool
) -> None:
    operation = operation_for(LiveMigrate("v", "v", "N1", "N2", method))
    assert operation is BY_KIND[kind]
    assert operation.can_cancel is can_cancel


@pytest.mark.parametrize(("dies", "state"), [("source", "Saving"), ("target", "Starting")])
async def test_a_node_that_dies_under_it_is_told(dies: str, state: str) -> None:
    context, vm, request = await chosen()
    real = context.world.start_quick_migration

    async def and_then_a_node_dies(*values: str) -> object:
        job = await real(*values)
        while vm.state != state:
            context.clock.advance(0.1)
            with context.site.look():
                pass
        context.site.faults.node_down(vm.owner)
        return job

    context.world.start_quick_migration = and_then_a_node_dies  # type: ignore[method-assign,assignment]
    outcome = await run(context, request)
    assert outcome.state is S.FAILED
    told = f"{outcome.result} {outcome.fault}"
    assert "was lost" in told
    assert moved(context, vm) == 1
