"""Move a running VM to another node, and look whether it arrived whole."""

from console.backends import BackendError, JobReport, JobState
from console.checks import MOVE_CHECKS
from console.model.freshness import Fault, FaultCode
from console.model.operation import MoveProgress, OperationState, Progress
from console.model.request import LiveMigrate, MoveMethod
from console.model.virtual_machine import Heartbeat, PowerState, VirtualMachine
from console.operations.base import OperationContext, Outcome

_STEP = "start_live_migration"
# A command sent just before a crash may still land: operation timeout 20 s and network 30 s
# (research/reliability.md 3.2).
_LATE_ARRIVAL_S = 50.0
_LATE_ARRIVAL_STEP_S = 1.0
_SETTLE_LOOKS = 10
_SETTLE_S = 1.0
_S = OperationState


class LiveMigrateOperation:
    """Compare-and-move on the cluster, followed to its end, then verified on the VM itself."""

    kind = "live_migrate"
    checks = MOVE_CHECKS
    can_cancel = True

    def title(self, request: LiveMigrate) -> str:
        return f"Move {request.vm_name} to {request.target}"

    def locks(self, request: LiveMigrate) -> frozenset[str]:
        return frozenset({f"vm:{request.vm_key}"})

    def slots(self, request: LiveMigrate) -> tuple[str, ...]:
        return (request.source, request.target)

    async def run(self, context: OperationContext, request: LiveMigrate) -> Outcome:
        if request.method is MoveMethod.QUICK:
            return Outcome(_S.FAILED, "Quick migration is not built yet. Nothing was sent.")
        before = context.inventory.vms.get(request.vm_key)
        if before is not None and before.owner_node != request.source:
            # Read after a restart: it moved already, so this says nothing of how it was before.
            before = None
        backend = context.backend
        was_sent = any(sent.step == _STEP for sent in context.sent)
        if was_sent:
            ended = await self._look_first(context, request, before)
            if ended is not None:
                return ended
        await context.sending(
            _STEP,
            f"Start-TlcLiveMigration -VMId {request.vm_key} -TargetNode {request.target} "
            f"-ExpectedOwner {request.source}",
        )
        try:
            job = await backend.start_live_migration(
                request.vm_key, request.source, request.target, context.operation_id
            )
        except BackendError as error:
            if error.was_sent:
                raise
            if was_sent:
                # An earlier one may have landed after all, and be why this one is refused.
                return await self._after_refusal(context, request, before, error.fault)
            return Outcome(_S.FAILED, "The cluster refused the move.", error.fault)
        await context.accepted(_STEP, job.token)
        report = await context.follow(job, phase="Moving")
        return await self._verify(context, request, before, report)

    async def _look_first(
        self, context: OperationContext, request: LiveMigrate, before: VirtualMachine | None
    ) -> Outcome | None:
        """After a restart: where is the VM? None means that it may be sent (again)."""
        backend = context.backend
        await context.report(Progress("Looking", text="where the VM is now"))
        for wait in (0.0, _LATE_ARRIVAL_S):
            # Slept in pieces, so that a cancel is seen; counted, because the wall clock may jump
            # and must not shorten this window and let a second move out.
            for _ in range(round(wait / _LATE_ARRIVAL_STEP_S)):
                await context.sleep(_LATE_ARRIVAL_STEP_S)
                if context.cancel_requested:
                    break
            job = await backend.find_live_migration(request.vm_key)
            if job is not None:
                await context.accepted(_STEP, job.token)
                report = await context.follow(job, phase="Moving")
                return await self._verify(context, request, before, report)
            vm = await backend.read_vm(request.vm_key)
            owner = vm.owner_node if vm is not None else None
            if owner == request.target:
                return await self._verify(context, request, before, JobReport(JobState.SUCCEEDED))
            if owner is None:
                return _unknown(request, "The VM was not found on the cluster.")
            if owner != request.source:
                return _superseded(request, owner)
        if context.cancel_requested:
            # The window was not waited out, so more than this must not be claimed.
            text = (
                f"Cancelled: {request.vm_name} was on {request.source} when last seen. A command "
                "that left before the restart may still arrive; look again in a minute."
            )
            return Outcome(_S.CANCELED, text)
        return None

    async def _after_refusal(
        self,
        context: OperationContext,
        request: LiveMigrate,
        before: VirtualMachine | None,
        refusal: Fault,
    ) -> Outcome:
        """What a repeated command came to that the cluster refused: told by where the VM is."""
        job = await context.backend.find_live_migration(request.vm_key)
        if job is not None:
            await context.accepted(_STEP, job.token)
            report = await context.follow(job, phase="Moving")
            return await self._verify(context, request, before, report)
        vm = await context.backend.read_vm(request.vm_key)
        owner = vm.owner_node if vm is not None else None
        if owner == request.target:
            return await self._verify(context, request, before, JobReport(JobState.SUCCEEDED))
        if owner is None:
            return _unknown(request, "The VM was not found on the cluster.")
        if owner != request.source:
            return _superseded(request, owner)
        text = f"The cluster refused the move; {request.vm_name} is on {owner}."
        return Outcome(_S.FAILED, text, refusal)

    async def _verify(
        self,
        context: OperationContext,
        request: LiveMigrate,
        before: VirtualMachine | None,
        report: JobReport,
    ) -> Outcome:
        state, fault = report.state, report.fault
        await context.verifying(f"Looking whether {request.vm_name} is on {request.target}")
        vm = await self._settled(context, request)
        await context.refresh()
        if vm is None or vm.cluster is None:
            return _unknown(request, "The VM was not found on the cluster afterwards.")
        owner = vm.cluster.owner_node
        if state is JobState.FAILED and fault is not None and owner != request.source:
            return _elsewhere(request, vm, before, fault)
        if owner == request.target:
            return _arrived(request, vm, before, report.move)
        if owner == request.source and state is JobState.CANCELED:
            return Outcome(_S.CANCELED, f"Cancelled: {request.vm_name} stayed on {owner} and runs.")
        if owner == request.source:
            found = fault or Fault(
                FaultCode.REJECTED,
                f"The move ended, but {request.vm_name} is still on {owner}.",
                remedy="Look at the events of both nodes, then try again.",
                at=context.now(),
            )
            power = vm.cluster.power
            how = "" if power is PowerState.RUNNING else f" and is {power.lower()}"
            return Outcome(_S.FAILED, f"{request.vm_name} is still on {owner}{how}.", found)
        return _superseded(request, owner)

    async def _settled(
        self, context: OperationContext, request: LiveMigrate
    ) -> VirtualMachine | None:
        """The VM once it runs on the target and its guest answers, or as it is after a while.

        One that is not there and does not run may just be started again by the cluster, elsewhere.
        """
        vm: VirtualMachine | None = None
        for _ in range(_SETTLE_LOOKS):
            vm = await context.backend.read_vm(request.vm_key)
            facts = vm.cluster if vm is not None else None
            if facts is None:
                return vm
            if facts.owner_node != request.target and facts.power is PowerState.RUNNING:
                return vm
            is_well = facts.power is PowerState.RUNNING and facts.migration is None
            if is_well and facts.heartbeat not in (Heartbeat.NO_CONTACT, Heartbeat.LOST):
                return vm
            await context.sleep(_SETTLE_S)
        return vm


def _arrived(
    request: LiveMigrate,
    vm: VirtualMachine,
    before: VirtualMachine | None,
    move: MoveProgress | None,
) -> Outcome:
    """On the target: whole only if it runs and kept Secure Boot, vTPM and the vTPM's state."""
    facts = vm.cluster
    assert facts is not None
    wrong = []
    if facts.power is not PowerState.RUNNING:
        wrong.append(f"it is {facts.power.lower()}")
    kept = ["running"]
    old = before.cluster if before is not None else None
    if old is not None:
        for name, was, now in (
            ("Secure Boot", old.secure_boot, facts.secure_boot),
            ("vTPM", old.vtpm, facts.vtpm),
            ("vTPM state", old.vtpm_state, facts.vtpm_state),
        ):
            if was and now and was == now:
                kept.append(f"{name} as before")
            elif was and was != now:
                told = "is not as before" if now not in (None, "") else "could not be read"
                wrong.append(f"its {name} {told}")
    else:
        kept.append("how its Secure Boot and vTPM were before was not seen")
    if move is not None and move.blackout_ms is not None:
        kept.append(f"pause {move.blackout_ms:.0f} ms measured")
    if facts.heartbeat in (Heartbeat.NO_CONTACT, Heartbeat.LOST):
        wrong.append("its guest does not answer")
    if wrong:
        text = f"{vm.name} is on {request.target}, but {', and '.join(wrong)}."
        fault = Fault(FaultCode.REJECTED, text, remedy="Look at the VM before moving it again.")
        return Outcome(_S.FAILED, text, fault)
    return Outcome(_S.SUCCEEDED, f"{vm.name} is on {request.target}: {', '.join(kept)}.")


def _elsewhere(
    request: LiveMigrate, vm: VirtualMachine, before: VirtualMachine | None, failure: Fault
) -> Outcome:
    """The move failed and the VM left its node all the same, as when the cluster lost that node.

    On the target too: it was started again there, and what its memory held is gone.
    """
    facts, old = vm.cluster, before.cluster if before is not None else None
    assert facts is not None
    since = facts.running_since
    was = old.running_since if old is not None else None
    told = "Whether it was restarted there could not be seen."
    if facts.power is not PowerState.RUNNING:
        told = f"It is {facts.power.lower()} there."
    elif since is not None and was is not None:
        # Asked only after a failure: whether Hyper-V counts a VM's running time on across a live
        # migration was not verified on a real cluster.
        told = "It was restarted there." if since > was + 1.0 else "It runs without a restart."
    reason = failure.summary.rstrip(".")
    text = f"{vm.name} is on {facts.owner_node}, but not by this move: {reason}. {told}"
    remedy = f"See that {vm.name} and its guest are well before moving it again."
    return Outcome(_S.FAILED, text, Fault(failure.code, text, remedy, detail=failure.detail))


def _superseded(request: LiveMigrate, owner: str) -> Outcome:
    text = f"{request.vm_name} is on {owner}: someone or something else moved it."
    fault = Fault(
        FaultCode.CONFLICT,
        text,
        remedy=f"Decide anew from where it is; nothing was sent again to {request.target}.",
    )
    return Outcome(_S.FAILED, text, fault)


def _unknown(request: LiveMigrate, text: str) -> Outcome:
    fault = Fault(
        FaultCode.LOST,
        text,
        remedy="The console keeps looking. Nothing is sent again meanwhile.",
    )
    return Outcome(_S.UNKNOWN, f"What became of {request.vm_name} is not known.", fault)
