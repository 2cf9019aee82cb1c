"""How long a creation takes here."""

import pytest

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


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_say_nothing(count: int) -> None:
    assert "not known" in expected_duration([record(60)] * count, downloads=False)


def test_the_middle_and_the_longest_are_told() -> None:
    told = expected_duration([record(60), record(240), record(1500)], downloads=False)
    assert told == "The last 3 took about 4 min, the longest 25 min."


def test_only_what_is_alike_counts() -> None:
    others = [
        *[record(9, DOWNLOADING)] * 5,
        *[record(9, state=OperationState.FAILED)] * 5,
        OperationRecord("m", LiveMigrate("k", "n", "a", "b"), "t", OperationState.SUCCEEDED, 0.0),
    ]
    assert "not known" in expected_duration(others, downloads=False)
    assert "last 5 took about 9 s" in expected_duration(others, downloads=True)
