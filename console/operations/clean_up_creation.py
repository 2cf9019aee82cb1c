"""Delete what a failed creation made, by its own tag, and nothing else; done when it is gone."""

import msgspec

from console.backends import BackendError, ExistingResource, JobState
from console.checks.clean_up_is_possible import Part, parts_of
from console.model.freshness import Fault, FaultCode
from console.model.operation import OperationState, Progress
from console.model.request import CleanUpCreation
from console.operations.base import OperationContext, Outcome, send

_S = OperationState
_LOOKS = 20


class CleanUpCreationOperation:
    """The VM first, then its machine, then disks and interfaces, which it would else still use.

    Each part is looked at right before it is deleted: without the creation's tag it stays.
    """

    kind = "clean_up_creation"
    checks = (
        "platform_allows",
        "azure_answers",
        "resource_bridge_is_online",
        "clean_up_is_possible",
        "known_issues",
    )
    can_cancel = False

    def title(self, request: CleanUpCreation) -> str:
        return f"Clean up after Create {request.spec.name}"

    def locks(self, request: CleanUpCreation) -> frozenset[str]:
        # The creation's own lock: while it runs nothing of it is deleted.
        return frozenset({f"name:{request.spec.name.casefold()}"})

    def slots(self, request: CleanUpCreation) -> tuple[str, ...]:
        return ()

    async def run(self, context: OperationContext, request: CleanUpCreation) -> Outcome:
        # A DELETE repeated on what is gone answers "not found": after a restart it begins anew.
        done = _Done()
        parts = parts_of(context.backend.resource_ids(request.spec))
        for at, part in enumerate(parts):
            found = await context.backend.find_resource(part.arm_id)
            if found is None:
                continue
            if found.operation_id != request.creation_id:
                done.kept.append(part)
                continue
            await context.report(Progress(f"Deleting the {part.what}", at / len(parts)))
            fault = await _delete(context, part, at / len(parts), (at + 1) / len(parts))
            if fault is not None:
                done.faults.append(fault)
        await context.verifying("Looking whether all of it is gone")
        return await _look(context, request, parts, done)


class _Done(msgspec.Struct):
    kept: list[Part] = []
    faults: list[Fault] = []


async def _delete(context: OperationContext, part: Part, low: float, high: float) -> Fault | None:
    try:
        job = await send(
            context,
            part.arm_id,
            f"DELETE {part.kind}/{part.name}",
            lambda: context.backend.delete_resource(part.arm_id, context.operation_id),
        )
    except BackendError as error:
        if error.was_sent:
            raise
        return None if error.fault.code is FaultCode.NOT_FOUND else error.fault
    report = await context.follow(job, low=low, high=high, phase=f"Deleting the {part.what}")
    if report.state is JobState.FAILED:
        return report.fault or Fault(FaultCode.REJECTED, f"{part.name} could not be deleted.")
    return None


async def _look(
    context: OperationContext, request: CleanUpCreation, parts: tuple[Part, ...], done: _Done
) -> Outcome:
    """What is left is what is seen, not what was answered."""
    left: list[tuple[Part, ExistingResource]] = []
    for look in range(_LOOKS):
        if look:
            await context.sleep(1.0)
        left = [
            (part, found)
            for part in parts
            if (found := await context.backend.find_resource(part.arm_id)) is not None
            and found.operation_id == request.creation_id
        ]
        # A deletion that was refused is not waited for.
        if not left or done.faults:
            break
    await context.refresh()
    if left:
        names = ", ".join(f"{part.what} {part.name}" for part, _ in left)
        text = f"Still there: {names}."
        fault = done.faults[0] if done.faults else Fault(FaultCode.REJECTED, text)
        remedy = fault.remedy or "Look at what uses it, then clean up again."
        return Outcome(_S.FAILED, text, msgspec.structs.replace(fault, remedy=remedy))
    sentence = f"Nothing that Create {request.spec.name} made is left in Azure."
    if done.kept:
        names = ", ".join(f"{part.what} {part.name}" for part in done.kept)
        sentence += f" Not made by it, so kept: {names}."
    vm = context.inventory.vm_named(request.spec.name)
    if vm is not None and vm.azure is None:
        sentence += f" The cluster still shows a VM of that name on {vm.owner_node}: look at it."
    return Outcome(_S.SUCCEEDED, sentence)
