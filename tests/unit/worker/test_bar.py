"""Whatever a wire reports, in any order, a bar never runs backwards and never vanishes."""

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.backends import JobReport, JobState
from console.channel.messages import OperationChanged
from console.model.operation import Progress
from console.model.request import LiveMigrate
from console.operations.base import OperationContext, Outcome
from tests.unit.worker.fakes import Bench, Job, Move, S, World

fractions = st.none() | st.floats(allow_nan=False, width=32) | st.floats(0, 1, width=32)
reports = st.lists(
    st.tuples(fractions, st.sampled_from(["Setup", "Memory", "Blackout"])), max_size=12
)


class Told(Job):
    """Reports what it is given, then that it is over."""

    def __init__(self, world: World, told: list[tuple[float | None, str]]) -> None:
        super().__init__(world, "a")
        self._told = iter(told)

    async def poll(self) -> JobReport:
        for fraction, phase in self._told:
            return JobReport(JobState.RUNNING, phase, fraction)
        return JobReport(JobState.SUCCEEDED, fraction=1.0)


class Watched(Move):
    def __init__(self, told: list[tuple[float | None, str]], is_second: bool) -> None:
        self._told, self._is_second = told, is_second

    async def run(self, context: OperationContext, request: LiveMigrate) -> Outcome:
        backend: Any = context.backend
        await context.report(Progress("Looking"))
        await context.follow(Told(backend.world, self._told), low=0.1, high=0.8)
        if self._is_second:
            await context.follow(Told(backend.world, self._told), low=0.8, high=1.0)
        return Outcome(S.SUCCEEDED, "done")


def shown(bench: Bench, name: str) -> list[float | None]:
    records = [m.record for m in bench.messages if isinstance(m, OperationChanged)]
    return [
        record.progress.fraction
        for record in records
        if record.id == name and record.progress is not None
    ]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(told=reports, is_second=st.booleans(), number=st.integers(0, 2**62))
async def test_a_bar_never_runs_backwards(
    tmp_path: Path, told: list[tuple[float | None, str]], is_second: bool, number: int
) -> None:
    folder = tmp_path / str(number)
    async with Bench(folder, World({"a": "N1"}), operation=Watched(told, is_second)) as bench:
        await bench.submit("op", "a", "N1", "N2")
        await bench.until_over("op")
        bars = shown(bench, "op")
    known = [bar for bar in bars if bar is not None]
    assert known == sorted(known)
    assert all(0.0 <= bar <= 1.0 for bar in known)
    first = next((at for at, bar in enumerate(bars) if bar is not None), len(bars))
    assert None not in bars[first:]
