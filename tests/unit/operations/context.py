"""What a runner lends an operation, over the lab's world and a clock that jumps."""

from collections.abc import Mapping, Sequence
from typing import Any

from console.backends import JobReport, JobState, RemoteJob
from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import make_site
from console.model.freshness import Fault, Wire
from console.model.inventory import Inventory
from console.model.operation import Progress
from console.operations.base import MAY_PASS, SentStep
from tests.world_backend import WorldBackend

START = 1_764_000_000.0


class Context:
    """An ``OperationContext`` that records what was journalled; sleeping moves the world's time."""

    def __init__(self, scenario: str = "small") -> None:
        self.clock = MovableClock(START)
        self.site = make_site(scenario, clock=self.clock, seed=1)
        self.world = WorldBackend(self.site)
        self.backend: Any = self.world
        self.inventory = Inventory()
        self.operation_id = "op-1"
        self.secrets: Mapping[str, str] = {"admin_password": "Correct-Horse-9"}
        self.cancel_requested = False
        self.sent: Sequence[SentStep] = ()
        self.patience = 3  # so often what did not leave is sent again
        self.commands: list[str] = []
        self.steps: list[str] = []
        self.told: list[str] = []

    def now(self) -> float:
        return self.clock.now()

    async def sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)

    async def report(self, progress: Progress, detail: str = "") -> None:
        self.told += [detail] if detail else []

    async def verifying(self, text: str) -> None:
        pass

    async def sending(self, step: str, command: str, seen: str = "") -> None:
        self.steps.append(step)
        self.commands.append(command)

    async def may_send_again(self, fault: Fault) -> bool:
        if self.cancel_requested or fault.code not in MAY_PASS or not self.patience:
            return False
        self.patience -= 1
        self.clock.advance(1.0)
        return True

    async def accepted(self, step: str, token: str) -> None:
        pass

    async def follow(
        self, job: RemoteJob, *, low: float = 0.0, high: float = 1.0, phase: str = ""
    ) -> JobReport:
        for _ in range(5000):
            report = await job.poll()
            if report.state is not JobState.RUNNING:
                return report
            self.clock.advance(2.0)
        raise AssertionError("the job never ended")

    async def refresh(self) -> None:
        self.inventory.replace(await self.world.read_snapshot(frozenset(Wire)))
