"""What an operation is, and what the runner lends it while it runs."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from console.backends import Backend, BackendError, JobReport, RemoteJob
from console.model.freshness import Fault, FaultCode
from console.model.inventory import Inventory
from console.model.operation import MoveProgress, OperationState, Progress
from console.model.request import Request

# Slots that are the console's own: their key, and how many operations may hold it at a time.
# Each creation copies a disk image; a burst of them would slow the VMs that run already. What a
# real cluster bears was never measured.
CREATIONS = "creations:"
SLOTS_AT_A_TIME = {CREATIONS: 10}

# Faults of a wire that may be gone at the next try.
MAY_PASS = frozenset(
    {FaultCode.TIMED_OUT, FaultCode.UNREACHABLE, FaultCode.REFUSED, FaultCode.SERVER_ERROR}
)
# However long these last: the wire asks for it, or for a person.
IS_WAITED_FOR = frozenset({FaultCode.THROTTLED, FaultCode.SIGN_IN_REQUIRED})

R_contra = TypeVar("R_contra", bound=Request, contravariant=True)


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """How an operation ended: a sentence on what was *seen*, never on what was accepted."""

    state: OperationState  # SUCCEEDED, FAILED, CANCELED or UNKNOWN
    result: str
    fault: Fault | None = None
    measured: MoveProgress | None = None  # of a move, as far as it was told


class SentStep(msgspec.Struct, frozen=True, gc=False):
    """From the journal: a call of this name was about to leave; the handle it returned if any."""

    step: str
    token: str = ""
    seen: str = ""  # what was seen just before it left, where a later look needs that


class OperationContext(Protocol):
    """The runner's face towards one operation. Every report is durable before it returns."""

    @property
    def operation_id(self) -> str: ...

    @property
    def backend(self) -> Backend: ...

    @property
    def inventory(self) -> Inventory:
        """The worker's own, fresh as of the last reading; read, never write."""
        ...

    @property
    def secrets(self) -> Mapping[str, str]:
        """By ``SecretField``; empty after a restart if no keyring could hold them."""
        ...

    @property
    def cancel_requested(self) -> bool: ...

    @property
    def sent(self) -> Sequence[SentStep]:
        """Calls that earlier runs of this operation (before a crash) may have sent."""
        ...

    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None:
        """Returns early when a cancel is asked for."""
        ...

    async def report(self, progress: Progress, detail: str = "") -> None: ...

    async def verifying(self, text: str) -> None:
        """The job is over; now the operation looks whether the world agrees."""
        ...

    async def sending(self, step: str, command: str, seen: str = "") -> None:
        """Journal SENDING durably: after it nothing of ``step`` is sent again without looking.

        ``command`` is the API call or cmdlet as text, secrets masked.
        """
        ...

    async def may_send_again(self, fault: Fault) -> bool:
        """After a call that surely did not leave: waits, and says whether to make it after all.

        False once the wire was gone for too long, for a fault that will not pass, and after a
        cancel.
        """
        ...

    async def accepted(self, step: str, token: str) -> None: ...

    async def follow(
        self, job: RemoteJob, *, low: float = 0.0, high: float = 1.0, phase: str = ""
    ) -> JobReport:
        """Poll to the end, with jitter and deadline; forwards cancel; maps fraction to low..high.

        Contact lost longer than the deadline raises BackendError with code LOST.
        """
        ...

    async def refresh(self) -> None:
        """Have both wires read now, and wait for it."""
        ...


class Operation(Protocol[R_contra]):
    """One verb. Stateless: everything it knows is in the request, the context and the world."""

    @property
    def kind(self) -> str:
        """The request's tag."""
        ...

    @property
    def checks(self) -> tuple[str, ...]:
        """Names of the checks in console.checks.ALL that guard it."""
        ...

    @property
    def can_cancel(self) -> bool: ...

    def title(self, request: R_contra) -> str: ...

    def locks(self, request: R_contra) -> frozenset[str]:
        """Keys that no second operation may hold meanwhile (``vm:<key>``, ``node:<name>``)."""
        ...

    def slots(self, request: R_contra) -> tuple[str, ...]:
        """Nodes on which a live-migration slot is needed, or keys of ``SLOTS_AT_A_TIME``."""
        ...

    async def run(self, context: OperationContext, request: R_contra) -> Outcome:
        """Do it, or after a restart (``context.sent`` not empty) look first and then go on."""
        ...


async def send(
    context: OperationContext,
    step: str,
    command: str,
    call: Callable[[], Awaitable[RemoteJob]],
    seen: str = "",
) -> RemoteJob:
    """Journal SENDING, make the call, journal that it was taken.

    A call that surely did not leave, because its wire was gone for a moment, is made again, each
    time with a SENDING of its own. Raises BackendError.
    """
    while True:
        await context.sending(step, command, seen)
        try:
            job = await call()
        except BackendError as error:
            if error.was_sent or not await context.may_send_again(error.fault):
                raise
        else:
            await context.accepted(step, job.token)
            return job


def not_sent(context: OperationContext, fault: Fault, refusal: str) -> Outcome:
    """The end of an operation whose call surely changed nothing; ``refusal`` if it was refused."""
    if context.cancel_requested:
        return Outcome(OperationState.CANCELED, "Canceled before anything was sent.")
    if fault.code in MAY_PASS:
        text = f"Nothing was sent: {fault.summary}"
        return Outcome(OperationState.FAILED, text, fault)
    return Outcome(OperationState.FAILED, refusal, fault)
