"""Taking a node out of service and back: each step sent once, shown, and looked at afterwards."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from console.backends import BackendError
from console.lab.world.state import WorldStorageJob
from console.model.freshness import Fault, FaultCode
from console.model.node import Maintenance, Node
from console.model.operation import OperationState
from console.model.request import DrainNode, PauseNode, ProveNodeEmpty, Request, ResumeNode
from console.operations import operation_for
from console.operations.base import Outcome, SentStep
from tests.unit.operations.context import Context

S = OperationState
NODE = "LAB-N4"


async def run(context: Context, request: Request) -> Outcome:
    return await operation_for(request).run(context, request)


async def emptied(context: Context) -> None:
    """The node drained, with time for everything to settle."""
    await context.refresh()
    assert (await run(context, DrainNode(NODE))).state is S.SUCCEEDED
    context.clock.advance(30)
    context.steps.clear()


async def test_a_pause_has_two_steps_and_moves_nothing() -> None:
    context = Context()
    there = {vm.vm_id for vm in context.site.vms_on(NODE)}
    outcome = await run(context, PauseNode(NODE))
    assert (outcome.state, context.steps) == (S.SUCCEEDED, ["pause_node", "close_to_azure"])
    assert context.commands == [
        "Suspend-TlcNode -Name LAB-N4 -Drain $False",
        "Set-TlcNodePlacement -Name LAB-N4 -IsAllowed $False  # Remove-MocPhysicalNode",
    ]
    node = context.site.nodes[NODE]
    assert (node.state, node.accepts_azure_placement) == ("Paused", False)
    assert {vm.vm_id for vm in context.site.vms_on(NODE)} == there
    assert context.site.counters["suspend:LAB-N4"] == 1


async def test_a_pause_of_a_paused_node_closes_it_to_azure_only() -> None:
    context = Context()
    context.site.suspend_node(NODE, False)
    outcome = await run(context, PauseNode(NODE))
    assert (outcome.state, context.steps) == (S.SUCCEEDED, ["close_to_azure"])


async def test_after_a_restart_a_pause_sends_nothing_that_was_done() -> None:
    context = Context()
    assert (await run(context, PauseNode(NODE))).state is S.SUCCEEDED
    context.sent = tuple(SentStep(step) for step in context.steps)
    context.steps.clear()
    assert (await run(context, PauseNode(NODE))).state is S.SUCCEEDED
    assert context.steps == []


@pytest.mark.parametrize("request_", [PauseNode(NODE), DrainNode(NODE)])
async def test_a_node_that_azure_still_uses_is_not_called_done(
    request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = Context()
    await context.refresh()
    refusal = Fault(FaultCode.REJECTED, "MOC does not answer.")

    async def refused(*_values: Any) -> None:
        raise BackendError(refusal)

    monkeypatch.setattr(context.world, "set_azure_placement", refused)
    outcome = await run(context, request_)
    assert outcome.state is S.FAILED
    assert "Azure may still place VMs on it: MOC does not answer." in outcome.result
    assert outcome.fault is not None
    assert "Remove-MocPhysicalNode" in outcome.fault.remedy
    assert context.site.nodes[NODE].state == "Paused"


@pytest.mark.parametrize("request_", [PauseNode(NODE), DrainNode(NODE)])
async def test_a_placement_that_cannot_be_read_back_is_said(
    request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = Context()
    await context.refresh()
    read = context.world.read_node

    async def partly(name: str) -> Node | None:
        node = await read(name)
        assert node is not None
        return msgspec.structs.replace(node, accepts_azure_placement=None)

    monkeypatch.setattr(context.world, "read_node", partly)
    outcome = await run(context, request_)
    assert outcome.state is S.SUCCEEDED
    assert "whether Azure still places VMs on it could not be read" in outcome.result


async def test_a_wire_that_is_gone_for_a_moment_does_not_end_a_maintenance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = Context()
    real, broken = context.world.set_azure_placement, 2

    async def sometimes(*values: Any) -> None:
        nonlocal broken
        if broken:
            broken -= 1
            raise BackendError(Fault(FaultCode.UNREACHABLE, "no route"))
        await real(*values)

    async def may_send_again(fault: Fault) -> bool:
        return fault.code is FaultCode.UNREACHABLE

    monkeypatch.setattr(context.world, "set_azure_placement", sometimes)
    monkeypatch.setattr(context, "may_send_again", may_send_again)
    assert (await run(context, PauseNode(NODE))).state is S.SUCCEEDED
    assert context.steps == ["pause_node", *["close_to_azure"] * 3]


async def test_a_drain_closes_the_node_before_it_waits_for_the_vms() -> None:
    context = Context()
    await context.refresh()
    outcome = await run(context, DrainNode(NODE))
    assert outcome.result == f"{NODE} is paused and empty and closed to Azure."
    assert context.steps == ["suspend_node", "close_to_azure"]


async def test_a_resume_undoes_both_steps() -> None:
    context = Context()
    await emptied(context)
    outcome = await run(context, ResumeNode(NODE))
    assert (outcome.state, context.steps) == (S.SUCCEEDED, ["resume_node", "open_to_azure"])
    node = context.site.nodes[NODE]
    assert (node.state, node.accepts_azure_placement) == ("Up", True)


async def test_a_resume_of_a_node_that_is_up_opens_it_to_azure_only() -> None:
    context = Context()
    context.site.set_azure_placement(NODE, False)
    outcome = await run(context, ResumeNode(NODE))
    assert (outcome.state, context.steps) == (S.SUCCEEDED, ["open_to_azure"])


async def test_an_empty_node_is_proven_safe() -> None:
    context = Context()
    await emptied(context)
    outcome = await run(context, ProveNodeEmpty(NODE))
    assert outcome.state is S.SUCCEEDED
    assert outcome.result.startswith(f"Safe to reboot: {NODE} is paused and closed to Azure")
    assert context.steps == []


def _resumed(context: Context) -> None:
    context.site.resume_node(NODE, False)


def _opened(context: Context) -> None:
    context.site.set_azure_placement(NODE, True)


def _given_a_vm(context: Context) -> None:
    vm = next(vm for vm in context.site.vms.values() if vm.state == "Off")
    vm.owner = NODE


def _moving_away(context: Context) -> None:
    context.site.nodes[NODE].state = "Up"
    vm = next(
        vm
        for vm in context.site.vms_on("LAB-N1")
        if vm.state == "Running" and not vm.mounted_iso and not vm.is_resource_bridge
    )
    context.site.start_migration(vm.vm_id, NODE, vm.owner, "somebody")
    context.site.nodes[NODE].state = "Paused"


def _repairing(context: Context) -> None:
    context.site.storage_jobs.append(WorldStorageJob("Repair", "Running", 40))


def _another_out(context: Context) -> None:
    context.site.suspend_node("LAB-N2", False)


@pytest.mark.parametrize(
    ("happened", "told"),
    [
        (_resumed, "It is up, not paused."),
        (_opened, "Azure may still place VMs on it."),
        (_given_a_vm, "It still owns"),
        (_moving_away, "On the move to or from it:"),
        (_repairing, "Storage is at work: Repair"),
        (_another_out, "LAB-N2 is out of service too"),
    ],
)
async def test_nothing_is_safe_while_anything_is_left(
    happened: Callable[[Context], None], told: str
) -> None:
    context = Context()
    await emptied(context)
    happened(context)
    outcome = await run(context, ProveNodeEmpty(NODE))
    assert outcome.state is S.FAILED
    assert outcome.result.startswith(f"{NODE} is not safe to reboot: ")
    assert told in outcome.result


@pytest.mark.parametrize(
    ("unread", "told"),
    [
        ({"accepts_azure_placement": None}, "Whether Azure places VMs on it could not be read."),
        ({"vms": None}, "Which VMs it owns could not be read."),
        ({"storage_jobs": None}, "Whether storage jobs run could not be read."),
    ],
)
async def test_what_cannot_be_read_is_no_proof(
    unread: dict[str, None], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = Context()
    await emptied(context)
    read: Callable[[str], Awaitable[Maintenance | None]] = context.world.read_maintenance

    async def partly(node: str) -> Maintenance | None:
        seen = await read(node)
        assert seen is not None
        return msgspec.structs.replace(seen, **unread)

    monkeypatch.setattr(context.world, "read_maintenance", partly)
    outcome = await run(context, ProveNodeEmpty(NODE))
    assert outcome.state is S.FAILED
    assert told in outcome.result


async def test_there_is_no_proof_for_a_node_that_nobody_knows() -> None:
    context = Context()
    outcome = await run(context, ProveNodeEmpty("LAB-N9"))
    assert (outcome.state, outcome.result) == (
        S.FAILED,
        "There is no node LAB-N9 in this cluster.",
    )
