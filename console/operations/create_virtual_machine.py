"""Create a Trusted launch VM: image, interfaces, disks, machine, instance, then look."""

import functools
from collections.abc import Awaitable, Callable

import msgspec

from console.backends import BackendError, JobReport, JobState, RemoteJob
from console.catalog import explain_azure_error, image_name, same_image
from console.model.freshness import Fault, FaultCode
from console.model.operation import OperationState, Progress
from console.model.request import (
    CreateVirtualMachine,
    DownloadImage,
    SecretField,
    VirtualMachineSpec,
)
from console.model.site import Image, ImageReference, ImageState
from console.model.virtual_machine import ProvisioningState, SecurityType, VirtualMachine
from console.operations.base import CREATIONS, OperationContext, Outcome, send

_S = OperationState
_LOOKS = 90
_LOOK_EVERY_S = 1.0
# The one download of an image that a document measured took 13 minutes (domain fact sheet).
_LONGEST_DOWNLOAD_S, _IMAGE_EVERY_S = 2 * 3600.0, 5.0
_FINISHED = "succeeded"


class _NotCreatedError(Exception):
    """Carries the outcome of a step that ended the creation."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.result)
        self.outcome = outcome


class CreateVirtualMachineOperation:
    """Every step looks before it sends: what carries our operation id was made by us."""

    kind = "create_virtual_machine"
    checks = (
        "platform_allows",
        "azure_answers",
        "resource_bridge_is_online",
        "rights_suffice",
        "request_is_valid",
        "name_is_free",
        "parts_are_free",
        "image_is_supported",
        "trusted_launch_is_complete",
        "a_node_has_room",
        "storage_has_room",
        "address_is_free",
        "known_issues",
    )
    can_cancel = False

    def title(self, request: CreateVirtualMachine) -> str:
        return f"Create {request.spec.name}"

    def locks(self, request: CreateVirtualMachine) -> frozenset[str]:
        return frozenset({f"name:{request.spec.name.casefold()}"})

    def slots(self, request: CreateVirtualMachine) -> tuple[str, ...]:
        return (CREATIONS,)

    async def run(self, context: OperationContext, request: CreateVirtualMachine) -> Outcome:
        try:
            spec = await _image_first(context, request.spec)
            await _make_parts(context, spec)
            await _make_instance(context, spec)
            await _join_domain(context, spec)
        except _NotCreatedError as ended:
            return ended.outcome
        return await _verify(context, spec)


async def _image_first(context: OperationContext, spec: VirtualMachineSpec) -> VirtualMachineSpec:
    """Download the image if it is not on the cluster; the spec with its id.

    Somebody else may be downloading it already, as another VM of the same group: that is waited
    for, not asked for twice.
    """
    if spec.image is None:
        return spec
    present = _ready_image(context, spec.image) or await _after_download(context, spec.image)
    if present is None:
        try:
            await _download(context, spec, spec.image)
        except _NotCreatedError as ended:
            fault = ended.outcome.fault
            if fault is None or fault.code is not FaultCode.CONFLICT:
                raise
            # It was begun between our look and our request.
            present = await _after_download(context, spec.image)
            if present is None:
                raise
        await context.refresh()
        present = _ready_image(context, spec.image)
    if present is None:
        text = "The image was downloaded, but it is not ready on the cluster."
        raise _NotCreatedError(
            Outcome(_S.FAILED, text, Fault(FaultCode.REJECTED, text, kept="No VM was made."))
        )
    return msgspec.structs.replace(spec, image=None, image_id=present)


async def _download(
    context: OperationContext, spec: VirtualMachineSpec, image: ImageReference
) -> None:
    request = DownloadImage(
        name=image_name(image),
        image=image,
        subscription_id=spec.subscription_id,
        resource_group=spec.resource_group,
        location=spec.location,
        custom_location_id=spec.custom_location_id,
        storage_path_id=spec.storage_path_id,
        os_type=spec.os_type,
    )
    await _step(
        context,
        "image",
        f"PUT marketplaceGalleryImages/{request.name}",
        lambda: context.backend.download_image(request, context.operation_id),
        (0.0, 0.4),
        "Downloading the image",
    )


async def _after_download(context: OperationContext, wanted: ImageReference) -> str | None:
    """Wait for a download of this image that is under way; None if there is none, or it failed.

    Its own operation, or whoever began it, tells how it ended; this only looks.
    """
    until = context.now() + _LONGEST_DOWNLOAD_S
    await context.refresh()
    while (image := _image(context, wanted, ImageState.DOWNLOADING)) is not None:
        if context.now() > until:
            return None
        percent = image.progress_percent
        fraction = None if percent is None else 0.4 * percent / 100
        await context.report(Progress("Waiting for the image", fraction, "somebody downloads it"))
        await context.sleep(_IMAGE_EVERY_S)
        await context.refresh()
    return _ready_image(context, wanted)


def _ready_image(context: OperationContext, wanted: ImageReference) -> str | None:
    """Id of a ready image of this publisher, offer and SKU, and of the version if one is set."""
    image = _image(context, wanted, ImageState.READY)
    return image.arm_id if image is not None else None


def _image(context: OperationContext, wanted: ImageReference, state: ImageState) -> Image | None:
    for image in context.inventory.site.images:
        known = image.reference
        if known is None or image.state is not state:
            continue
        # While it comes, its version may not be told yet.
        is_coming = state is ImageState.DOWNLOADING and not known.version
        if same_image(known, wanted) and (wanted.version in ("", known.version) or is_coming):
            return image
    return None


async def _make_parts(context: OperationContext, spec: VirtualMachineSpec) -> None:
    """Network interfaces, data disks and the Arc machine."""
    backend, operation_id = context.backend, context.operation_id
    ids = backend.resource_ids(spec)
    for nic in spec.network_interfaces:
        if not nic.existing_id:
            await _make(
                context,
                ids[f"nic:{nic.name}"],
                f"PUT networkInterfaces/{nic.name}",
                functools.partial(backend.create_network_interface, spec, nic, operation_id),
                (0.4, 0.45),
                "Creating the network interface",
            )
    for disk in spec.data_disks:
        if not disk.existing_id:
            await _make(
                context,
                ids[f"disk:{disk.name}"],
                f"PUT virtualHardDisks/{disk.name}",
                functools.partial(backend.create_data_disk, spec, disk, operation_id),
                (0.45, 0.5),
                "Creating the data disk",
            )
    await _make(
        context,
        ids["machine"],
        f"PUT Microsoft.HybridCompute/machines/{spec.name}",
        lambda: backend.create_machine(spec, operation_id),
        (0.5, 0.52),
        "Registering the machine",
    )


async def _make_instance(context: OperationContext, spec: VirtualMachineSpec) -> None:
    backend = context.backend
    instance_id = backend.resource_ids(spec)["instance"]
    existing = await backend.find_resource(instance_id)
    sent = [step for step in context.sent if step.step == instance_id]
    # The instance cannot carry our tag; it is ours if the machine it hangs on is, and that was
    # settled in the step before. Present and not failed means that the PUT landed.
    if existing is not None and existing.provisioning_state.lower() != "failed":
        if sent and sent[-1].token:
            job = await backend.resume_job(sent[-1].token)
            _judge(await context.follow(job, low=0.52, high=0.9, phase="Creating the VM"), spec)
        return
    secrets = dict(context.secrets)
    if (
        spec.admin_username
        and not spec.ssh_public_keys
        and SecretField.ADMIN_PASSWORD not in (secrets)
    ):
        text = "The administrator's password is no longer known after the restart."
        fault = Fault(
            FaultCode.REJECTED,
            text,
            remedy="Create the VM again and type it anew.",
            kept="The network interface, disks and machine made so far are kept.",
        )
        raise _NotCreatedError(Outcome(_S.FAILED, "The VM was not created.", fault))
    await _step(
        context,
        instance_id,
        "PUT virtualMachineInstances/default (securityType TrustedLaunch, vTPM, Secure Boot)",
        lambda: backend.create_vm_instance(spec, secrets, context.operation_id),
        (0.52, 0.9),
        "Creating the VM",
    )


async def _join_domain(context: OperationContext, spec: VirtualMachineSpec) -> None:
    join = spec.domain_join
    if join is None:
        return
    password = context.secrets.get(SecretField.DOMAIN_PASSWORD)
    if password is None:
        text = "The VM was made, but the domain password is no longer known after the restart."
        fault = Fault(FaultCode.REJECTED, text, remedy="Join it to the domain by hand.")
        raise _NotCreatedError(Outcome(_S.FAILED, "The VM did not join the domain.", fault))
    await _step(
        context,
        "domain",
        "PUT extensions/JsonADDomainExtension",
        lambda: context.backend.join_domain(spec, join, password, context.operation_id),
        (0.9, 0.95),
        "Joining the domain",
    )


async def _make(
    context: OperationContext,
    arm_id: str,
    command: str,
    call: Callable[[], Awaitable[RemoteJob]],
    span: tuple[float, float],
    phase: str,
) -> None:
    """One tagged resource: skip what is ours and done, refuse what is somebody else's."""
    existing = await context.backend.find_resource(arm_id)
    if existing is not None:
        if existing.operation_id != context.operation_id:
            text = f"{arm_id.rsplit('/', 1)[-1]} exists already and was not made by this operation."
            fault = Fault(
                FaultCode.CONFLICT,
                text,
                remedy="Choose another name.",
                kept="It was not touched.",
                detail=arm_id,
            )
            raise _NotCreatedError(Outcome(_S.FAILED, "The VM was not created.", fault))
        if existing.provisioning_state.lower() == _FINISHED:
            return
    await _step(context, arm_id, command, call, span, phase)


async def _step(
    context: OperationContext,
    step: str,
    command: str,
    call: Callable[[], Awaitable[RemoteJob]],
    span: tuple[float, float],
    phase: str,
) -> None:
    await context.report(Progress(phase, span[0]))
    try:
        job = await send(context, step, command, call)
    except BackendError as error:
        if error.was_sent:
            raise
        text = f"{phase} was refused."
        raise _NotCreatedError(Outcome(_S.FAILED, text, _kept(error.fault))) from error
    _judge(await context.follow(job, low=span[0], high=span[1], phase=phase), None)


def _judge(report: JobReport, spec: VirtualMachineSpec | None) -> None:
    if report.state in (JobState.FAILED, JobState.CANCELED):
        fault = report.fault or Fault(FaultCode.REJECTED, f"{report.phase or 'A step'} failed.")
        raise _NotCreatedError(Outcome(_S.FAILED, "The VM was not created.", _kept(fault)))


def _kept(fault: Fault) -> Fault:
    if fault.kept:
        return fault
    known = explain_azure_error(fault.detail, fault.summary)
    summary = f"{known.words} Azure says: {fault.summary}" if known else fault.summary
    remedy = known.remedy if known else fault.remedy
    return msgspec.structs.replace(
        fault,
        summary=summary,
        kept="What was made before this step is kept until it is cleaned up.",
        remedy=remedy or "Clean up what this made, then create it again.",
    )


async def _verify(context: OperationContext, spec: VirtualMachineSpec) -> Outcome:
    """Not done until both planes show it, as Trusted launch, with vTPM and Secure Boot."""
    await context.verifying(f"Looking for {spec.name} in Azure and on the cluster")
    vm: VirtualMachine | None = None
    for look in range(_LOOKS):
        if look:
            await context.sleep(_LOOK_EVERY_S)
        vm = await context.backend.find_vm_by_name(spec)
        if vm is not None and vm.azure is not None:
            if vm.azure.provisioning is ProvisioningState.FAILED:
                text = vm.azure.error_message or "Azure reports a failed creation."
                fault = Fault(FaultCode.REJECTED, text, detail=vm.azure.error_code)
                return Outcome(_S.FAILED, "The VM was not created.", _kept(fault))
            is_settled = vm.azure.provisioning is ProvisioningState.SUCCEEDED
            if is_settled and vm.cluster is not None:
                break
    await context.refresh()
    if vm is None or vm.azure is None or vm.cluster is None:
        seen = "Azure" if vm is not None and vm.azure is not None else "neither plane"
        fault = Fault(
            FaultCode.LOST,
            f"{spec.name} was seen in {seen} only.",
            remedy="The console keeps looking; Azure and the cluster may agree later.",
        )
        return Outcome(_S.UNKNOWN, "Whether the VM is complete is not known.", fault)
    return _as_ordered(spec, vm)


def _as_ordered(spec: VirtualMachineSpec, vm: VirtualMachine) -> Outcome:
    azure, cluster = vm.azure, vm.cluster
    assert azure is not None
    assert cluster is not None
    wrong = [
        text
        for is_right, text in (
            (azure.security is SecurityType.TRUSTED_LAUNCH, f"Azure says {azure.security}"),
            (azure.vtpm is True, "Azure does not confirm the vTPM"),
            (azure.secure_boot is True, "Azure does not confirm Secure Boot"),
            (
                cluster.security is SecurityType.TRUSTED_LAUNCH,
                f"the hypervisor says {cluster.security}",
            ),
            (cluster.vtpm is True, "the hypervisor does not confirm the vTPM"),
            (cluster.secure_boot is True, "the hypervisor does not confirm Secure Boot"),
        )
        if not is_right
    ]
    if wrong:
        text = f"{spec.name} exists on {cluster.owner_node}, but not as Trusted launch."
        fault = Fault(
            FaultCode.REJECTED,
            f"{text} {'; '.join(wrong)}.",
            remedy="The security type is fixed at creation: delete this VM and create it again.",
            kept="The VM was left as it is.",
        )
        return Outcome(_S.FAILED, text, fault)
    return Outcome(
        _S.SUCCEEDED,
        f"{spec.name} is on {cluster.owner_node}: Trusted launch with Secure Boot and vTPM, "
        "confirmed by Azure and by the hypervisor. Back up its guest state protection key.",
    )
