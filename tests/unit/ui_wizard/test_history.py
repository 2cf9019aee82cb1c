"""How long a creation takes here."""

from console.model.operation import OperationRecord, OperationState
from console.model.request import CreateVirtualMachine, LiveMigrate, VirtualMachineSpec
from console.model.site import ImageReference
from console.ui.wizard.history import expected_duration

SPEC = VirtualMachineSpec("v", "s", "g", "l", "c")
DOWNLOADING = VirtualMachineSpec("v", "s", "g", "l", "c", image=ImageReference("p", "o", "s"))


def record(
    seconds: float,
    spec: VirtualMachineSpec = SPEC,
    state: OperationState = OperationState.SUCCEEDED,
) -> OperationRecord:
    return OperationRecord(
        "id",
        CreateVirtualMachine(spec),
        "t",
        state,
        0.0,
        started_at=100.0,
        ended_at=100.0 + seconds,
    )


def test_no_history_is_said_plainly() -> None:
    told = expected_duration([], downloads=False)
    assert told == "No history yet: how long it takes here without a download is not known."


def test_one_is_told_as_one() -> None:
    told = expected_duration([record(60)], downloads=False)
    assert told == "The only one so far without a download took 60 s."


def test_the_middle_and_the_longest_are_told() -> None:
    told = expected_duration([record(60), record(240), record(1500)], downloads=False)
    assert "The last 3 " in told
    assert told.endswith("took about 4 min, the longest 25 min.")


def test_only_what_is_alike_counts() -> None:
    others = [
        *[record(9, DOWNLOADING)] * 5,
        *[record(9, state=OperationState.FAILED)] * 5,
        OperationRecord("m", LiveMigrate("k", "n", "a", "b"), "t", OperationState.SUCCEEDED, 0.0),
    ]
    assert "No history yet" in expected_duration(others, downloads=False)
    assert "took about 9 s" in expected_duration(others, downloads=True)
