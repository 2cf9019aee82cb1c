"""One VM to another node, by either method: compared, followed, looked at; never sent twice.

What is the same for a live and a quick migration; each names its call and what it can tell.
"""

from collections.abc import Awaitable
from typing import Protocol

from console.backends import Backend, BackendError, JobReport, JobState, RemoteJob
from console.checks import MOVE_CHECKS
from console.model.freshness import Fault, FaultCode
from console.model.operation import MoveProgress, OperationState, Progress
from console.model.request import LiveMigrate
from console.model.virtual_machine import Heartbeat, PowerState, VirtualMachine
from console.operations.base import OperationContext, Outcome, not_sent, send

# A command sent just before a crash may still land: operation timeout 20 s and network 30 s
# (research/reliability.md 3.2).
_LATE_ARRIVAL_S = 50.0
_LATE_ARRIVAL_STEP_S = 1.0
_SETTLE_LOOKS = 10
_SETTLE_S = 1.0
_S = OperationState
# The VM was found on its target; nobody saw how it came there. Where the source died meanwhile the
# cluster may have started it there again. Its running time would tell only if Hyper-V counts it on
# across a live migration, which was not verified on a real cluster.
_FOUND_THERE = JobReport(JobState.SUCCEEDED)
AT_REST = frozenset({PowerState.STOPPED, PowerState.SAVED})
_ON_ITS_WAY = frozenset(
    {PowerState.SAVING, PowerState.SAVED, PowerState.STARTING, PowerState.RESUMING}
)


class Method(Protocol):
    """What the two methods differ in."""

    @property
    def step(self) -> str: ...

    @property
    def settle_looks(self) -> int:
        """How often, a second apart, it is looked whether the VM came up on the target."""
        ...

    def command(self, request: LiveMigrate) -> str: ...

    def told_before(self, vm: VirtualMachine) -> str:
        """What a person is to know before it is sent; empty if nothing."""
        ...

    async def start(
        self, backend: Backend, request: LiveMigrate, operation_id: str
    ) -> RemoteJob: ...

    async def under_way(self, backend: Backend, request: LiveMigrate) -> RemoteJob | None:
        """The job of this VM's migration that goes on now."""
        ...


class OneMove:
    """Compare-and-move on the cluster, followed to its end, then verified on the VM itself."""

    checks = MOVE_CHECKS

    def __init__(self, method: Method) -> None:
        self._method = method

    def locks(self, request: LiveMigrate) -> frozenset[str]:
        return frozenset({f"vm:{request.vm_key}"})

    def slots(self, request: LiveMigrate) -> tuple[str, ...]:
        return (request.source, request.target)

    async def run(self, context: OperationContext, request: LiveMigrate) -> Outcome:
        before = context.inventory.vms.get(request.vm_key)
        if before is not None and before.owner_node != request.source:
            # Read after a restart: it moved already, so this says nothing of how it was before.
            before = None
        method = self._method
        earlier = next((sent for sent in context.sent if sent.step == method.step), None)
        was_sent = earlier is not None
        power = before.power if before is not None else None
        if earlier is not None and earlier.seen:
            power = PowerState(earlier.seen)
        if was_sent:
            ended = await self._look_first(context, request, before)
            if ended is not None:
                return ended
        told = method.told_before(before) if before is not None else ""
        if told:
            await context.report(Progress("Preparing", text=told), told)
        seen = power.value if power is not None else ""

        def start() -> Awaitable[RemoteJob]:
            return method.start(context.backend, request, context.operation_id)

        try:
            job = await send(context, method.step, method.command(request), start, seen)
        except BackendError as error:
            if error.was_sent:
                raise
            if was_sent:
                # An earlier one may have landed after all, and be why this one is refused.
                return await self._after_refusal(context, request, before, error.fault)
            return not_sent(context, error.fault, "The cluster refused the move.")
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
            job = await self._method.under_way(backend, request)
            if job is not None:
                await context.accepted(self._method.step, job.token)
                report = await context.follow(job, phase="Moving")
                return await self._verify(context, request, before, report)
            vm = await backend.read_vm(request.vm_key)
            owner = vm.owner_node if vm is not None else None
            if owner == request.target:
                return await self._verify(context, request, before, _FOUND_THERE)
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
        job = await self._method.under_way(context.backend, request)
        if job is not None:
            await context.accepted(self._method.step, job.token)
            report = await context.follow(job, phase="Moving")
            return await self._verify(context, request, before, report)
        vm = await context.backend.read_vm(request.vm_key)
        owner = vm.owner_node if vm is not None else None
        if owner == request.target:
            return await self._verify(context, request, before, _FOUND_THERE)
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
        at_rest = self._power_at_rest(context, before)
        await context.verifying(f"Looking whether {request.vm_name} is on {request.target}")
        vm = await self._settled(context, request, at_rest)
        await context.refresh()
        if vm is None or vm.cluster is None:
            return _unknown(request, "The VM was not found on the cluster afterwards.")
        owner = vm.cluster.owner_node
        if state is JobState.FAILED and fault is not None and owner != request.source:
            return _elsewhere(request, vm, before, fault)
        if owner == request.target:
            was_seen = report is not _FOUND_THERE
            return _arrived(request, vm, before, report.move, at_rest, was_seen=was_seen)
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
            how = "" if power in (PowerState.RUNNING, at_rest) else f" and is {power.lower()}"
            return Outcome(_S.FAILED, f"{request.vm_name} is still on {owner}{how}.", found)
        return _superseded(request, owner)

    def _power_at_rest(
        self, context: OperationContext, before: VirtualMachine | None
    ) -> PowerState | None:
        """The state of a VM that did not run when it was sent, and so need not run now."""
        sent = next((sent for sent in context.sent if sent.step == self._method.step), None)
        if sent is not None and sent.seen:
            power = PowerState(sent.seen)
        elif before is not None:
            power = before.power
        else:
            return None
        return power if power in AT_REST else None

    async def _settled(
        self, context: OperationContext, request: LiveMigrate, at_rest: PowerState | None
    ) -> VirtualMachine | None:
        """The VM once it runs on the target and its guest answers, or as it is after a while.

        One that is not there and does not run may just be started again by the cluster, elsewhere.
        """
        vm: VirtualMachine | None = None
        looks = 0
        for _ in range(self._method.settle_looks):
            vm = await context.backend.read_vm(request.vm_key)
            facts = vm.cluster if vm is not None else None
            if facts is None:
                return vm
            if facts.owner_node != request.target and facts.power in (PowerState.RUNNING, at_rest):
                return vm
            if at_rest is not None and facts.power is at_rest:
                return vm
            is_well = facts.power is PowerState.RUNNING and facts.migration is None
            if is_well and facts.heartbeat not in (Heartbeat.NO_CONTACT, Heartbeat.LOST):
                return vm
            looks += facts.power not in _ON_ITS_WAY
            if looks == _SETTLE_LOOKS:
                return vm
            await context.sleep(_SETTLE_S)
        return vm


def _arrived(
    request: LiveMigrate,
    vm: VirtualMachine,
    before: VirtualMachine | None,
    move: MoveProgress | None,
    at_rest: PowerState | None,
    *,
    was_seen: bool,
) -> Outcome:
    """On the target: whole only if it runs and kept Secure Boot, vTPM and the vTPM's state."""
    facts = vm.cluster
    assert facts is not None
    wrong = []
    if facts.power is not (at_rest or PowerState.RUNNING):
        wrong.append(f"it is {facts.power.lower()}")
    kept = [facts.power.lower()]
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
    if not was_seen and at_rest is None:
        kept.append("how it came there was not seen, look whether it was restarted")
    if move is not None and move.blackout_ms is not None:
        kept.append(_pause_text(move.blackout_ms))
    if at_rest is None and facts.heartbeat in (Heartbeat.NO_CONTACT, Heartbeat.LOST):
        wrong.append("its guest does not answer")
    if wrong:
        text = f"{vm.name} is on {request.target}, but {', and '.join(wrong)}."
        fault = Fault(FaultCode.REJECTED, text, remedy="Look at the VM before moving it again.")
        return Outcome(_S.FAILED, text, fault)
    text = f"{vm.name} is on {request.target}: {', '.join(kept)}."
    return Outcome(_S.SUCCEEDED, text, measured=move)


def _pause_text(ms: float) -> str:
    """Milliseconds of a live migration, seconds of a quick one."""
    return f"pause {ms:.0f} ms measured" if ms < 10_000 else f"pause {ms / 1000:.0f} s measured"


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
