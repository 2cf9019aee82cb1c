"""What an operation is, and what the runner lends it while it runs."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from console.backends import Backend, JobReport, RemoteJob
from console.model.freshness import Fault
from console.model.inventory import Inventory
from console.model.operation import MoveProgress, OperationState, Progress
from console.model.request import Request

# Slots that are the console's own: their key, and how many operations may hold it at a time.
# Each creation copies a disk image; a burst of them would slow the VMs that run already. What a
# real cluster bears was never measured.
CREATIONS = "creations:"
SLOTS_AT_A_TIME = {CREATIONS: 10}

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
