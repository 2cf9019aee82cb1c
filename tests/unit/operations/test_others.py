"""Creation, power, images, drain and resume over the simulated site: done means seen."""

import msgspec
import pytest

from console.backends import BackendError, RemoteJob
from console.catalog import image_name
from console.model.freshness import Fault, FaultCode
from console.model.node import NodeState
from console.model.operation import OperationState
from console.model.request import (
    ChangePowerState,
    CleanUpCreation,
    CreateVirtualMachine,
    DeleteVirtualMachine,
    DownloadImage,
    DrainNode,
    NetworkInterfaceSpec,
    PowerAction,
    ResumeNode,
    VirtualMachineSpec,
)
from console.model.site import ImageReference, ImageState
from console.model.virtual_machine import PowerState, SecurityType, VirtualMachine, VmKind
from console.operations import ALL, operation_for
from console.operations.base import SentStep
from tests.unit.operations.context import Context

S = OperationState


@pytest.fixture
async def context() -> Context:
    made = Context()
    await made.refresh()
    return made


def a_running_vm(context: Context) -> VirtualMachine:
    return next(
        vm
        for vm in context.inventory.vms.values()
        if vm.kind is VmKind.AZURE_LOCAL and vm.azure and vm.power is PowerState.RUNNING
    )


def a_spec(context: Context) -> VirtualMachineSpec:
    site = context.inventory.site
    image = next(i for i in site.images if i.reference and i.state is ImageState.READY)
    return VirtualMachineSpec(
        name="fresh-1",
        subscription_id=site.subscriptions[0].id,
        resource_group=site.resource_groups[0].name,
        location=site.custom_locations[0].location,
        custom_location_id=site.custom_locations[0].arm_id,
        image_id=image.arm_id,
        admin_username="grace",
        network_interfaces=(NetworkInterfaceSpec("fresh-1-nic", site.logical_networks[0].arm_id),),
    )


async def test_a_creation_ends_as_trusted_launch_on_both_planes(context: Context) -> None:
    spec = a_spec(context)
    outcome = await operation_for(request := CreateVirtualMachine(spec)).run(context, request)
    assert outcome.state is S.SUCCEEDED, outcome
    vm = context.inventory.vm_named("fresh-1")
    assert vm is not None
    assert vm.cluster is not None
    assert vm.azure is not None
    for facts in (vm.cluster, vm.azure):
        assert (facts.security, facts.vtpm, facts.secure_boot) == (
            SecurityType.TRUSTED_LAUNCH,
            True,
            True,
        )
    assert not any("Correct-Horse-9" in command for command in context.commands)


async def test_a_creation_that_came_out_standard_is_a_failure(context: Context) -> None:
    context.site.faults.drop_security_on_create = True
    request = CreateVirtualMachine(a_spec(context))
    outcome = await operation_for(request).run(context, request)
    assert outcome.state is S.FAILED
    assert "not as Trusted launch" in outcome.result
    assert outcome.fault is not None
    assert "Standard" in outcome.fault.summary


async def test_a_name_that_is_taken_is_a_conflict_and_nothing_is_put_on_it(
    context: Context,
) -> None:
    request = CreateVirtualMachine(a_spec(context))
    assert (await operation_for(request).run(context, request)).state is S.SUCCEEDED
    context.operation_id, context.steps = "op-2", []
    outcome = await operation_for(request).run(context, request)
    assert outcome.state is S.FAILED
    assert outcome.fault is not None
    assert outcome.fault.code == "conflict"
    assert context.steps == []


async def test_recovery_finds_its_own_parts_and_makes_nothing_twice(context: Context) -> None:
    request = CreateVirtualMachine(a_spec(context))
    await operation_for(request).run(context, request)
    context.sent = tuple(SentStep(step) for step in context.steps)
    context.steps = []
    outcome = await operation_for(request).run(context, request)
    assert outcome.state is S.SUCCEEDED, outcome
    assert context.steps == []


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (PowerAction.STOP, PowerState.STOPPED),
        (PowerAction.PAUSE, PowerState.PAUSED),
        (PowerAction.SAVE, PowerState.SAVED),
        (PowerAction.RESTART, PowerState.RUNNING),
    ],
)
async def test_power_is_done_when_the_cluster_says_so(
    context: Context, action: PowerAction, state: PowerState
) -> None:
    vm = a_running_vm(context)
    request = ChangePowerState(vm.key, vm.name, action)
    outcome = await operation_for(request).run(context, request)
    assert outcome.state is S.SUCCEEDED, outcome
    assert context.inventory.vms[vm.key].power is state


async def test_a_restart_nobody_saw_is_unknown_and_not_repeated(context: Context) -> None:
    vm = a_running_vm(context)
    request = ChangePowerState(vm.key, vm.name, PowerAction.RESTART)
    context.sent = (SentStep("restart"),)
    outcome = await operation_for(request).run(context, request)
    assert outcome.state is S.UNKNOWN
    assert context.steps == []


async def test_a_restart_is_proven_after_a_crash_by_what_was_seen_before(context: Context) -> None:
    vm = a_running_vm(context)
    assert vm.cluster is not None
    seen = repr(vm.cluster.running_since)
    await context.world.change_power(vm.key, PowerAction.RESTART, "op-1")
    context.clock.advance(120)
    await context.refresh()  # the console came back after the VM did
    request = ChangePowerState(vm.key, vm.name, PowerAction.RESTART)
    context.sent = (SentStep("restart", seen=seen),)
    outcome = await operation_for(request).run(context, request)
    assert outcome.state is S.SUCCEEDED, outcome
    assert context.commands == []


async def test_a_node_drains_and_resumes(context: Context) -> None:
    name = next(n.name for n in context.inventory.nodes.values() if n.state is NodeState.UP)
    drained = await operation_for(drain := DrainNode(name)).run(context, drain)
    assert drained.state is S.SUCCEEDED, drained
    assert context.inventory.nodes[name].state is NodeState.PAUSED
    resumed = await operation_for(resume := ResumeNode(name)).run(context, resume)
    assert resumed.state is S.SUCCEEDED, resumed
    assert context.inventory.nodes[name].state is NodeState.UP


def test_a_vm_is_not_deleted_while_its_creation_goes_on() -> None:
    """Else the creation finds its VM missing and makes it again, after the deletion succeeded."""
    create = CreateVirtualMachine(VirtualMachineSpec("Web-01", "s", "g", "l", "c"))
    delete = DeleteVirtualMachine("key", "web-01")
    clean = CleanUpCreation("op", create.spec)
    for other in (delete, clean):
        assert operation_for(create).locks(create) & operation_for(other).locks(other)


def test_no_two_operations_share_a_kind() -> None:
    assert len({operation.kind for operation in ALL}) == len(ALL)


async def test_power_sent_before_a_restart_and_never_answered_is_unknown(context: Context) -> None:
    vm = a_running_vm(context)
    request = ChangePowerState(vm.key, vm.name, PowerAction.STOP)
    context.sent = (SentStep("stop"),)
    outcome = await operation_for(request).run(context, request)
    assert outcome.state is S.UNKNOWN
    assert outcome.fault is not None
    assert "not known" in outcome.fault.summary
    assert context.commands == [], "nothing is sent again"


@pytest.mark.parametrize("token", ["", "answered"])
async def test_whoever_lets_go_of_power_that_is_unknown_waits_for_one_look_only(
    context: Context, token: str
) -> None:
    vm = a_running_vm(context)
    request = ChangePowerState(vm.key, vm.name, PowerAction.STOP)
    if token:
        token = (await context.world.change_power(vm.key, PowerAction.STOP, "op-1")).token
        context.clock.advance(60)
        await context.world.change_power(vm.key, PowerAction.START, "somebody")
        context.clock.advance(60)
    context.sent = (SentStep("stop", token),)
    context.cancel_requested = True
    began = context.clock.now()
    outcome = await operation_for(request).run(context, request)
    assert outcome.state is S.UNKNOWN, "after one look nobody may say that it failed"
    assert outcome.fault is not None
    assert outcome.fault.remedy
    assert context.clock.now() - began < 5


# -- an image first ------------------------------------------------------------------------------
OFFER = ImageReference("microsoftwindowsdesktop", "windows-11", "win11-23h2-pro")


def to_download(context: Context) -> VirtualMachineSpec:
    return msgspec.structs.replace(a_spec(context), image_id="", image=OFFER)


def a_download(spec: VirtualMachineSpec) -> DownloadImage:
    return DownloadImage(
        image_name(OFFER), OFFER, spec.subscription_id, spec.resource_group, spec.location,
        spec.custom_location_id,
    )  # fmt: skip


async def test_an_image_that_somebody_downloads_is_waited_for(context: Context) -> None:
    spec = to_download(context)
    await context.world.download_image(a_download(spec), "somebody-else")
    request = CreateVirtualMachine(spec)
    outcome = await operation_for(request).run(context, request)
    assert outcome.state is S.SUCCEEDED, outcome
    assert "image" not in context.steps, "nothing was asked for twice"


async def test_a_download_that_begins_between_look_and_request_is_waited_for(
    context: Context,
) -> None:
    spec, world = to_download(context), context.world

    class Racing:
        """The wires; somebody else is faster by a moment."""

        def __getattr__(self, name: str) -> object:
            return getattr(world, name)

        async def download_image(self, request: DownloadImage, operation_id: str) -> RemoteJob:
            await world.download_image(request, "somebody-else")
            raise BackendError(Fault(FaultCode.CONFLICT, "It exists already."))

    context.backend = Racing()
    request = CreateVirtualMachine(spec)
    outcome = await operation_for(request).run(context, request)
    assert outcome.state is S.SUCCEEDED, outcome


async def test_a_download_of_somebody_that_fails_is_begun_anew(context: Context) -> None:
    spec = to_download(context)
    context.site.faults.image_download_fails = True
    await context.world.download_image(a_download(spec), "somebody-else")
    request = CreateVirtualMachine(spec)
    outcome = await operation_for(request).run(context, request)
    assert outcome.state is S.FAILED
    assert "image" in context.steps
    assert context.inventory.vm_named("fresh-1") is None
