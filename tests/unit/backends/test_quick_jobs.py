"""A quick migration is told by where the VM is and how it stands; the cluster names no job."""

from collections.abc import Iterator

import pytest

from console.backends import BackendError, JobState
from console.backends.azure_local.cluster_jobs import ClusterJobKind, ClusterToken
from console.backends.azure_local.node_rows import MigrationRow
from console.backends.azure_local.quick_jobs import QuickMigrationJob, is_on_its_way

J = JobState
Look = tuple[str, str, str]  # owner, state of the VM, state of its group


class Looks:
    """Answers with these looks, one second apart; the last one stays."""

    def __init__(self, *looks: Look, code: str | None = None) -> None:
        self._rest: Iterator[Look] = iter(looks)
        self._last = looks[0]
        self._code = code
        self.at = 100.0

    async def migration_of(self, vm_id: str, source: str | None = None) -> MigrationRow:
        assert (vm_id, source) == ("v", "n1")
        self.at += 1.0
        self._last = owner, state, group = next(self._rest, self._last)
        return MigrationRow("v", owner, state, group, failure_code=self._code)

    def job(self, operation_id: str = "op") -> QuickMigrationJob:
        token = ClusterToken(ClusterJobKind.QUICK, operation_id, "v", "n1", "n2")
        return QuickMigrationJob(self, token, lambda: self.at)  # type: ignore[arg-type]


HOME = ("n1", "Running", "Online")
SAVING, MOVING = ("n1", "Saving", "Pending"), ("n2", "Saved", "Pending")
RESUMING, THERE = ("n2", "Starting", "Pending"), ("N2", "Running", "Online")


async def test_its_phases_follow_the_vm_and_never_go_back() -> None:
    looks = Looks(HOME, SAVING, MOVING, RESUMING, THERE)
    job = looks.job()
    reports = [await job.poll() for _ in range(5)]
    assert [report.phase for report in reports] == [
        "Queued", "Saving", "Moving", "Resuming", "Completed",
    ]  # fmt: skip
    fractions = [report.fraction or 0.0 for report in reports]
    assert fractions == sorted(fractions)
    assert [report.state for report in reports] == [*[J.RUNNING] * 4, J.SUCCEEDED]
    # From the last look at which it ran to the first at which it ran again.
    assert reports[-1].move is not None
    assert reports[-1].move.blackout_ms == 4000.0


@pytest.mark.parametrize(
    ("looks", "state"),
    [
        ([HOME, SAVING, HOME], J.FAILED),  # resumed where it was
        ([HOME, ("n1", "Off", "Failed")], J.FAILED),
        ([HOME, SAVING, ("n3", "Running", "Online")], J.GONE),  # somebody else has it
        ([("n1", "Off", "Offline"), ("n2", "Off", "Offline")], J.SUCCEEDED),
        ([("n1", "Saved", "Offline"), ("n2", "Saved", "Offline")], J.SUCCEEDED),
        ([MOVING, ("n2", "Saved", "Pending")], J.RUNNING),
        ([SAVING, ("n1", "", "Pending")], J.FAILED),
        # Its node died while it was resumed, and the cluster started it again there.
        ([HOME, RESUMING, ("n2", "Off", "Pending"), THERE], J.FAILED),
    ],
)
async def test_what_it_came_to_is_read_from_the_vm(looks: list[Look], state: JobState) -> None:
    job = Looks(*looks, code="0x800705AA").job()
    reports = [await job.poll() for _ in looks]
    assert reports[-1].state is state
    if state is J.FAILED:
        assert reports[-1].fault is not None
        assert reports[-1].fault.summary


async def test_one_of_which_nothing_is_seen_is_looked_at_after_a_minute() -> None:
    looks = Looks(HOME)
    job = looks.job()
    for _ in range(55):
        assert (await job.poll()).state is J.RUNNING
    looks.at += 30.0
    assert (await job.poll()).state is J.GONE


async def test_a_pause_that_nobody_saw_begin_is_not_measured() -> None:
    job = Looks(RESUMING, THERE).job(operation_id="")
    assert [(await job.poll()).move for _ in range(2)] == [None, None]


async def test_it_cannot_be_cancelled_and_says_so() -> None:
    job = Looks(HOME).job()
    assert not job.can_cancel
    with pytest.raises(BackendError) as caught:
        await job.cancel()
    assert "cannot be cancelled" in caught.value.fault.summary


@pytest.mark.parametrize(
    ("state", "group", "is_going"),
    [
        ("Saving", "Online", True),
        ("Saved", "Pending", True),
        ("Saved", "Offline", False),
        ("Off", "Offline", False),
        ("Running", "Online", False),
        (None, None, False),
    ],
)
def test_what_is_on_its_way(state: str | None, group: str | None, is_going: bool) -> None:
    assert is_on_its_way(MigrationRow("v", "n1", state, group)) is is_going
